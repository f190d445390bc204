import assert from "node:assert/strict";
import { test } from "node:test";

import type { Message } from "../src/api.ts";
import type { Told } from "../src/connection.ts";
import { Timeline } from "../src/timeline.ts";

function message(seq: number, revision: number, text = `${seq}@${revision}`): Message {
  return { conversation: "81", seq, revision, text, sender: "bob", deleted: false } as Message;
}

function live(seq: number, revision: number): Told<"message"> {
  return { type: "message", conversation: "81", message: message(seq, revision) };
}

function subscribed(fields: Partial<Told<"subscribed">>): Told<"subscribed"> {
  return {
    type: "subscribed",
    conversation: "81",
    revision: 0,
    first_seq: 1,
    last_seq: 0,
    read_seq: 0,
    delivered_seq: 0,
    unread: 0,
    complete: true,
    messages: [],
    details: null,
    ...fields,
  };
}

function texts(timeline: Timeline): string[] {
  return timeline.messages.map(({ text }) => text);
}

function begun(): Timeline {
  const timeline = new Timeline("81");
  const messages = [message(1, 1), message(2, 2), message(3, 3)];
  timeline.hear(subscribed({ revision: 3, last_seq: 3, messages }));
  return timeline;
}

test("a message is kept under its seq and replaced by higher revisions only", () => {
  const timeline = begun();
  assert.deepEqual(timeline.hear(live(2, 4)).messages, [message(2, 4)]);
  assert.equal(timeline.merge(message(2, 2)), false);
  assert.equal(timeline.merge(message(2, 4, "again")), false);
  assert.deepEqual(texts(timeline), ["1@1", "2@4", "3@3"]);
});

test("live revisions are counted one by one", () => {
  const timeline = begun();
  assert.equal(timeline.hear(live(4, 4)).isBroken, false);
  assert.equal(timeline.hear({ type: "passed", conversation: "81", revision: 5 }).isBroken, false);
  assert.equal(timeline.since, 5);
  assert.equal(timeline.hear(live(5, 7)).isBroken, true);
  assert.equal(timeline.since, 5);
});

test("a gap is leapt over, and is resumed from before it until it is surely filled", () => {
  const timeline = begun();
  const gap = { type: "gap", conversation: "81", after: 3, revision: 9 } as const;
  assert.equal(timeline.hear(gap).isBroken, false);
  assert.equal(timeline.hear(live(4, 9)).isBroken, false);
  assert.equal(timeline.hear(live(2, 7)).isBroken, false);
  assert.equal(timeline.since, 3);
  assert.equal(timeline.hear(live(5, 10)).isBroken, false);
  assert.equal(timeline.since, 10);
  assert.deepEqual(texts(timeline), ["1@1", "2@7", "3@3", "4@9", "5@10"]);
});

test("a gap that begins after what was heard is a revision missing", () => {
  const gap = { type: "gap", conversation: "81", after: 4, revision: 9 } as const;
  assert.equal(begun().hear(gap).isBroken, true);
});

test("a resume brings what is new or changed, and says no more than that", () => {
  const timeline = begun();
  const messages = [message(1, 5), message(3, 3), message(4, 4)];
  const news = timeline.hear(subscribed({ revision: 5, last_seq: 4, messages }));
  assert.deepEqual(news.messages, [message(1, 5), message(4, 4)]);
  assert.equal(news.newAbove, 3);
  assert.equal(timeline.since, 5);
});

test("after an incomplete resume nothing uncertain is kept", () => {
  const timeline = begun();
  const messages = [message(3, 3), message(250, 260)];
  timeline.hear(subscribed({ revision: 300, last_seq: 250, complete: false, messages }));
  assert.deepEqual(texts(timeline), ["3@3", "250@260"]);
});

test("a revision below the known one is another history", () => {
  const timeline = begun();
  timeline.hear(subscribed({ revision: 1, last_seq: 1, messages: [message(1, 1, "other")] }));
  assert.deepEqual(texts(timeline), ["other"]);
  assert.equal(timeline.since, 1);
});

test("what retention removed is gone here too", () => {
  const timeline = begun();
  timeline.hear(subscribed({ revision: 3, last_seq: 3, first_seq: 3 }));
  assert.deepEqual(texts(timeline), ["3@3"]);
  assert.equal(timeline.merge(message(1, 1)), false);
});

test("a change of the conversation is counted, and what it removes is gone", () => {
  const timeline = begun();
  timeline.details = { id: "81", name: "Before", unread: 1 } as Told<"subscribed">["details"];
  const state = { name: "After", first_seq: 2 } as Told<"changed">["state"];
  const change = { event: "changed" } as Told<"changed">["change"];
  const frame = { type: "changed", conversation: "81", revision: 4, change, state } as const;
  assert.equal(timeline.hear(frame).isBroken, false);
  assert.equal(timeline.since, 4);
  assert.deepEqual([timeline.details?.name, timeline.details?.unread], ["After", 1]);
  assert.deepEqual(texts(timeline), ["2@2", "3@3"]);
});

test("what is remembered brings back the same state", () => {
  const timeline = begun();
  timeline.hear(live(4, 4));
  const restored = new Timeline("81");
  restored.hear(JSON.parse(JSON.stringify(timeline.remembered())) as Told<"subscribed">);
  assert.deepEqual(restored.remembered(), timeline.remembered());
  assert.equal(restored.hear(live(5, 5)).isBroken, false);
  assert.equal(restored.unread, 2);
});

test("only what others say is unread", () => {
  const timeline = begun();
  timeline.hear(live(4, 4), "bob");
  assert.equal(timeline.unread, 0);
  timeline.hear(live(5, 5), "alice");
  timeline.hear(live(5, 6), "alice");
  assert.equal(timeline.unread, 1);
});

test("a page that stays open may forget what is old", () => {
  const timeline = begun();
  timeline.trim(1);
  assert.deepEqual(texts(timeline), ["3@3"]);
  assert.equal(timeline.hear(live(4, 4)).isBroken, false);
});
