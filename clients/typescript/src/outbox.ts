import type { Result } from "./connection.ts";
import { SnappioError } from "./errors.ts";
import type { Shelf, Unsent } from "./storage.ts";
import { Backoff, sleep } from "./waiting.ts";

// The server takes five messages a second in the long run; more at once gains nothing.
const CONVERSATIONS_AT_ONCE = 4;

interface Waiting {
  resolve(result: Result<"send">): void;
  reject(error: unknown): void;
}

/**
 * Messages on their way. Each is stored first, and sent, with the same client id, until it
 * is acknowledged or refused for good. Those of one conversation go one after the other:
 * a refusal that passes may not change their order.
 */
export class Outbox {
  readonly #shelf: Shelf;
  readonly #send: (unsent: Unsent) => Promise<Result<"send">>;
  readonly #refused: (unsent: Unsent, error: SnappioError) => void;
  readonly #queue: Unsent[];
  readonly #waiting = new Map<string, Waiting>();
  readonly #busy = new Set<string>();
  #stopping = new AbortController();

  /** `send` tries once over whatever connection there is, however long that takes. */
  constructor(
    shelf: Shelf,
    send: (unsent: Unsent) => Promise<Result<"send">>,
    refused: (unsent: Unsent, error: SnappioError) => void,
  ) {
    this.#shelf = shelf;
    this.#send = send;
    this.#refused = refused;
    this.#queue = shelf.unsent();
    this.#stopping.abort();
  }

  /** What has not been acknowledged yet, in the order of sending. */
  get unsent(): readonly Unsent[] {
    return this.#queue;
  }

  /** Store a message and send it when its turn comes; where it cannot be stored, fail. */
  add(message: Omit<Unsent, "at">): Promise<Result<"send">> {
    const result = new Promise<Result<"send">>((resolve, reject) => {
      const at = Math.max(Date.now(), (this.#queue.at(-1)?.at ?? 0) + 1);
      const unsent = { ...message, at };
      this.#shelf.keepUnsent(unsent.client_id, unsent);
      this.#queue.push(unsent);
      this.#waiting.set(unsent.client_id, { resolve, reject });
    });
    // Nobody has to wait for it: a refusal is told to `refused` as well.
    result.catch(() => undefined);
    this.#flush();
    return result;
  }

  start(): void {
    this.#stopping = new AbortController();
    this.#flush();
  }

  /** Nobody waits any longer; the messages stay, and go out after the next `start`. */
  stop(error: SnappioError): void {
    this.#stopping.abort();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #flush(): void {
    if (this.#stopping.signal.aborted) return;
    for (const unsent of this.#queue) {
      if (this.#busy.size >= CONVERSATIONS_AT_ONCE) return;
      if (this.#busy.has(unsent.conversation)) continue;
      this.#busy.add(unsent.conversation);
      void this.#deliver(unsent).finally(() => {
        this.#busy.delete(unsent.conversation);
        this.#flush();
      });
    }
  }

  async #deliver(unsent: Unsent): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff();
    while (!signal.aborted) {
      try {
        const result = await this.#send(unsent);
        this.#forget(unsent)?.resolve(result);
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof SnappioError && !error.retry) {
          this.#forget(unsent)?.reject(error);
          this.#refused(unsent, error);
          return;
        }
        const after = error instanceof SnappioError ? error.after : null;
        await sleep(Math.max(after ?? 0, backoff.next()), signal);
      }
    }
  }

  #forget(unsent: Unsent): Waiting | undefined {
    const waiting = this.#waiting.get(unsent.client_id);
    this.#waiting.delete(unsent.client_id);
    this.#queue.splice(this.#queue.indexOf(unsent), 1);
    this.#shelf.keepUnsent(unsent.client_id, null);
    return waiting;
  }
}

let count = 0;

/** A name that this sender never gave to another message; it need not be hard to guess. */
export function newClientId(): string {
  count += 1;
  const chance = Math.random().toString(36).slice(2, 12).padEnd(10, "0");
  return `${Date.now().toString(36)}-${count.toString(36)}-${chance}`;
}
