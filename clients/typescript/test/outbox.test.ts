import assert from "node:assert/strict";
import { test } from "node:test";

import { SnappioError } from "../src/errors.ts";
import { newClientId, Outbox } from "../src/outbox.ts";
import { MemoryStorage, Shelf, type Unsent } from "../src/storage.ts";

const STOPPED = new SnappioError("stopped", "Stopped.");

interface Try {
  unsent: Unsent;
  accept(): void;
  refuse(error: SnappioError): void;
}

/** An outbox whose tries the test answers, and the storage it keeps things in. */
function outboxOn(storage = new MemoryStorage()) {
  const shelf = new Shelf(storage, "https://social.example 7");
  const tries: Try[] = [];
  const refused: string[] = [];
  let heard = () => {};
  const outbox = new Outbox(
    shelf,
    (unsent) =>
      new Promise((resolve, reject) => {
        const result = { seq: 1, revision: 1, sent_at: "", duplicate: false };
        tries.push({ unsent, accept: () => resolve(result), refuse: reject });
        heard();
      }),
    (unsent, error) => refused.push(`${unsent.text}: ${error.code}`),
  );
  const nth = async (count: number): Promise<Try> => {
    while (tries.length < count) await new Promise<void>((resolve) => (heard = resolve));
    return tries[count - 1] as Try;
  };
  const say = (text: string, conversation = "81") =>
    outbox.add({ conversation, client_id: newClientId(), text });
  return { outbox, shelf, storage, tries, refused, nth, say };
}

test("messages of one conversation go one after the other", async () => {
  const { outbox, tries, nth, say } = outboxOn();
  outbox.start();
  const first = say("one");
  const second = say("two");
  assert.equal(tries.length, 1);
  (await nth(1)).accept();
  await first;
  const next = await nth(2);
  assert.equal(next.unsent.text, "two");
  next.accept();
  await second;
  assert.deepEqual(outbox.unsent, []);
});

test("a conversation that must wait holds up no other", async () => {
  const { outbox, nth, say } = outboxOn();
  outbox.start();
  void say("slow", "81");
  const other = say("quick", "82");
  (await nth(2)).accept();
  await other;
  assert.deepEqual(outbox.unsent.map(({ text }) => text), ["slow"]);
});

test("a refusal that passes is tried again with the same client id, in the same order", async () => {
  const { outbox, tries, nth, say } = outboxOn();
  outbox.start();
  const first = say("one");
  void say("two");
  (await nth(1)).refuse(new SnappioError("throttled", "Too often.", true, 5));
  const again = await nth(2);
  assert.equal(again.unsent.client_id, tries[0]?.unsent.client_id);
  again.accept();
  await first;
  assert.equal((await nth(3)).unsent.text, "two");
});

test("a refusal for good is told, and the next message goes", async () => {
  const { outbox, shelf, refused, nth, say } = outboxOn();
  outbox.start();
  const first = say("one");
  void say("two");
  (await nth(1)).refuse(new SnappioError("silenced", "You are silenced."));
  await assert.rejects(first, { code: "silenced" });
  assert.equal((await nth(2)).unsent.text, "two");
  assert.deepEqual(refused, ["one: silenced"]);
  assert.deepEqual(shelf.unsent().map(({ text }) => text), ["two"]);
});

test("what was not acknowledged survives a restart, in order", async () => {
  const before = outboxOn();
  before.outbox.start();
  const lost = before.say("one");
  void before.say("two", "82");
  void before.say("three");
  before.outbox.stop(STOPPED);
  await assert.rejects(lost, { code: "stopped" });

  const after = outboxOn(before.storage);
  assert.deepEqual(after.outbox.unsent, before.outbox.unsent);
  assert.equal(after.tries.length, 0);
  after.outbox.start();
  assert.deepEqual((await after.nth(1)).unsent, before.tries[0]?.unsent);
});

test("stopped and started again, nothing is sent by both at once", async () => {
  const { outbox, tries, nth, say } = outboxOn();
  outbox.start();
  void say("one");
  const first = await nth(1);
  outbox.stop(STOPPED);
  outbox.start();
  assert.equal(tries.length, 1);
  first.refuse(STOPPED);
  (await nth(2)).accept();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(outbox.unsent, []);
});

test("two pages of one browser keep their messages beside each other", () => {
  const one = outboxOn();
  const other = outboxOn(one.storage);
  void one.say("here");
  void other.say("there");
  assert.deepEqual(new Set(one.shelf.unsent().map(({ text }) => text)), new Set(["here", "there"]));
});

test("a storage without room is the sender's to know, and nothing is sent", async () => {
  const storage = new MemoryStorage();
  storage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  const { outbox, tries, say } = outboxOn(storage);
  outbox.start();
  await assert.rejects(say("one"), /QuotaExceeded/);
  assert.deepEqual([tries, outbox.unsent], [[], []]);
});

test("client ids differ, and the protocol takes them", () => {
  const ids = Array.from({ length: 10_000 }, newClientId);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.every((id) => /^[!-~]{1,64}$/.test(id)));
});
