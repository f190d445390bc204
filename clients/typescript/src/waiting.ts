const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * How long to wait after a failure: a random time up to a bound that doubles, from half a
 * second to thirty ("full jitter"). Clients that lost one server come back spread out.
 */
export class Backoff {
  #bound = FIRST_MS;

  next(): number {
    const wait = Math.random() * this.#bound;
    this.#bound = Math.min(this.#bound * 2, LONGEST_MS);
    return wait;
  }

  reset(): void {
    this.#bound = FIRST_MS;
  }
}

/** Wait; an aborted signal ends it early, which is no error. */
export function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
