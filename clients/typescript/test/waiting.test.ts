import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff, sleep } from "../src/waiting.ts";

function longest(backoff: () => number): number {
  // Of a thousand random waits the longest is close to the bound.
  return Math.max(...Array.from({ length: 1000 }, backoff));
}

test("the bound doubles from half a second to thirty", () => {
  const bounds = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
  for (const [failures, bound] of bounds.entries()) {
    const most = longest(() => {
      const backoff = new Backoff();
      for (let failure = 0; failure < failures; failure += 1) backoff.next();
      return backoff.next();
    });
    assert.ok(most <= bound && most > bound * 0.9, `${most} of ${bound}`);
  }
});

test("waits are spread over all of the time", () => {
  const waits = Array.from({ length: 1000 }, () => new Backoff().next());
  assert.ok(waits.filter((wait) => wait < 250).length > 400);
  assert.ok(waits.filter((wait) => wait >= 250).length > 400);
});

test("begins anew when it is told that all is well", () => {
  const backoff = new Backoff();
  for (let failure = 0; failure < 6; failure += 1) backoff.next();
  backoff.reset();
  assert.ok(backoff.next() <= 500);
});

test("a sleep ends early for who is in a hurry", async () => {
  const hurry = new AbortController();
  const slept = sleep(60_000, hurry.signal);
  hurry.abort();
  await slept;
  await sleep(60_000, hurry.signal);
});
