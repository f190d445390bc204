import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { Client, type ClientOptions, type Conversation, MemoryStorage } from "../src/index.ts";
import { heard, INSTANCE, known, Network, newcomer, seen, texts, through } from "./people.ts";

const running: Client[] = [];

/** Who everybody talks to: a password's hash costs more than the rest of a test. */
let partner: ReturnType<typeof newcomer> | null = null;

/** Two members in a private chat; `options` are those of the first. */
async function twoTalking(options: ClientOptions = {}) {
  const network = new Network();
  partner ??= newcomer("bob");
  const [alice, bob] = await Promise.all([newcomer("alice", through(network, options)), partner]);
  running.push(alice.client, bob.client);
  await Promise.all([alice.client.start(), bob.client.start()]);
  const chat = await alice.client.open(bob.username);
  await chat.send("Hello");
  const bobs = await known(bob.client, chat.id);
  await seen(bob.client, chat.id, "Hello");
  return { network, alice, bob, chat, bobs };
}

const options = {
  skip: !INSTANCE && "SNAPPIO_HTTP names none",
  timeout: 60_000,
  // Most of them wait: for a password's hash, for a token's end.
  concurrency: 6,
};

describe("with a running server", options, () => {
  after(() => {
    for (const client of running) client.stop();
  });

  test("what one says the other hears, and both know the same", async () => {
    const { alice, bob, chat, bobs } = await twoTalking();
    const sent = await bobs.send("Good morning", { replyTo: 1 });
    const message = await seen(alice.client, chat.id, "Good morning");

    assert.deepEqual([sent.seq, sent.duplicate], [2, false]);
    assert.equal(message.sender, bob.username);
    assert.equal(message.reply_to, 1);
    assert.equal(chat.unread, 1);
    await chat.read();
    assert.deepEqual([chat.readSeq, chat.unread], [2, 0]);
    await seen(bob.client, chat.id, "Good morning");
    assert.deepEqual(chat.messages, bobs.messages);
    assert.deepEqual(chat.unsent, []);
    assert.equal(alice.client.username, alice.username);
  });

  test("who listens hears of a chat that somebody opens", async () => {
    const { alice } = await twoTalking();
    const carol = await newcomer("carol");
    running.push(carol.client);
    await carol.client.start();
    const told = heard(carol.client, "message");
    await (await alice.client.open(carol.username)).send("Welcome");
    const { conversation, message, isNew } = await told;
    assert.deepEqual([message.text, isNew, conversation.unread], ["Welcome", true, 1]);
    assert.equal(carol.client.conversations.size, 1);
  });

  test("changes are heard as the message's new state", async () => {
    const { bob, chat, bobs } = await twoTalking();
    await chat.react(1, "👍");
    const reacted = await seen(bob.client, chat.id, "Hello", ({ reactions }) => reactions.length > 0);
    assert.equal(reacted.reactions[0]?.emoji, "👍");
    await chat.react(1, "👍", false);
    await chat.edit(1, "Hello!");
    const edited = await seen(bob.client, chat.id, "Hello!", ({ reactions }) => !reactions.length);
    assert.equal(edited.seq, 1);
    const deleted = heard(bob.client, "message", ({ conversation, message }) => {
      return conversation === bobs && message.deleted;
    });
    await chat.delete(1);
    assert.deepEqual([(await deleted).message.text, (await deleted).isNew], ["", false]);
  });

  test("typing is told while it happens", async () => {
    const { alice, bob, chat, bobs } = await twoTalking();
    const told = heard(bob.client, "typing");
    await chat.typing();
    const { conversation, username, on } = await told;
    assert.deepEqual([conversation, username, on], [bobs.id, alice.username, true]);
  });

  test("a refusal tells its code, and is not repeated", async () => {
    const { alice, chat, bobs } = await twoTalking();
    await assert.rejects(bobs.edit(1, "Mine"), { code: "not_your_message" });
    await assert.rejects(chat.react(99, "👍"), { code: "message_not_found" });
    const told = heard(alice.client, "refused");
    await assert.rejects(chat.send(""), { code: "empty_message" });
    assert.equal((await told).error.code, "empty_message");
    assert.deepEqual(chat.unsent, []);
    await assert.rejects(alice.client.http("GET", "conversations/0/messages/"), {
      code: "conversation_not_found",
    });
  });

  test("after a cut only what was missed is told, and nothing twice", async () => {
    const { network, alice, chat, bobs } = await twoTalking();
    await bobs.send("One");
    await seen(alice.client, chat.id, "One");
    const told: string[] = [];
    alice.client.on("message", ({ message, isNew }) => told.push(`${message.text} ${isNew}`));

    alice.client.stop();
    await bobs.send("Two");
    await bobs.edit(2, "One, better");
    await alice.client.start();
    assert.deepEqual(told, ["One, better false", "Two true"]);

    const back = heard(alice.client, "state", ({ state }) => state === "ready");
    network.cut();
    await back;
    await bobs.send("Three");
    await seen(alice.client, chat.id, "Three");
    assert.deepEqual(told, ["One, better false", "Two true", "Three true"]);
    assert.deepEqual(texts(chat), ["Hello", "One, better", "Two", "Three"]);
  });

  test("a message whose acknowledgement was lost is there once", async () => {
    const { network, bob, chat, bobs } = await twoTalking();
    network.lose((frame) => frame.type === "ok");
    const sent = await chat.send("Once");
    await seen(bob.client, chat.id, "Once");
    assert.deepEqual([sent.seq, sent.duplicate], [2, true]);
    assert.deepEqual(texts(bobs), ["Hello", "Once"]);
    assert.equal((await bobs.history()).last_seq, 2);
  });

  test("what was said without a connection goes out with the next, in order", async () => {
    const { alice, bob, chat, bobs } = await twoTalking();
    alice.client.stop();
    const sending = ["One", "Two", "Three"].map((text) => chat.send(text));
    assert.deepEqual(chat.unsent.map(({ text }) => text), ["One", "Two", "Three"]);
    await alice.client.start();
    await Promise.all(sending);
    await seen(bob.client, chat.id, "Three");
    assert.deepEqual(texts(bobs), ["Hello", "One", "Two", "Three"]);
  });

  test("a restart resumes from the storage, signed in, with what was unsent", async () => {
    const storage = new MemoryStorage();
    const { alice, bob, chat, bobs } = await twoTalking({ storage });
    alice.client.stop();
    const lost = chat.send("Unsent");
    await bobs.send("Missed");

    const network = new Network();
    const again = Client.restore(INSTANCE, { ...through(network), storage }) as Client;
    running.push(again);
    const remembered = again.conversations.get(chat.id) as Conversation;
    assert.deepEqual(texts(remembered), ["Hello"]);
    assert.equal(remembered.details?.username, bob.username);
    await again.start();
    assert.equal((await seen(again, chat.id, "Missed")).seq, 2);
    await seen(bob.client, chat.id, "Unsent");
    const told = network.frames.find(({ type }) => type === "subscribed");
    assert.equal((told?.["messages"] as unknown[]).length, 1);

    // The first client still has it unsent; sending it again changes nothing.
    await alice.client.start();
    assert.equal((await lost).duplicate, true);
    assert.deepEqual(texts(bobs), ["Hello", "Missed", "Unsent"]);
  });

  test("older messages are paged in, and a hole shows what was not loaded", async () => {
    const { alice, chat } = await twoTalking();
    for (const text of ["2", "3", "4", "5"]) await chat.send(text);
    const fresh = new Client(INSTANCE, await tokensOf(alice.client), through(new Network()));
    running.push(fresh);
    await fresh.start();
    const bare = fresh.conversations.get(chat.id) as Conversation;
    assert.deepEqual(texts(bare), ["5"]);
    await bare.history({ before: 3 });
    assert.deepEqual(texts(bare), ["Hello", "2", "5"]);
    await bare.history({ after: 2 });
    assert.deepEqual(bare.messages, chat.messages);
  });

  test("many requests at once keep to the limits", async () => {
    const { chat } = await twoTalking();
    const pages = await Promise.all(Array.from({ length: 12 }, () => chat.history({ limit: 1 })));
    assert.ok(pages.every(({ last_seq }) => last_seq === 1));
  });

  test("the token is renewed before it ends", async () => {
    const { network, alice, chat, bobs } = await twoTalking();
    const first = alice.client.session.access;
    await network.told((frame) => frame.type === "ok" && "expires_at" in Object(frame["result"]));
    assert.notEqual(alice.client.session.access, first);
    await bobs.send("Still there?");
    await seen(alice.client, chat.id, "Still there?");
  });

  test("a token that has expired is refreshed, and the client comes back", async () => {
    const { network, alice, chat, bobs } = await twoTalking();
    alice.client.stop();
    await bobs.send("While you slept");
    // Once more if it was about to be renewed.
    for (let left = 1; left > 0; left = alice.client.session.expiresAt - Date.now()) {
      await new Promise((resolve) => setTimeout(resolve, left));
    }
    await alice.client.start();
    assert.equal((await seen(alice.client, chat.id, "While you slept")).seq, 2);
    assert.ok(network.frames.some(({ type }) => type === "error"));
  });

  test("a session that ended elsewhere closes for good", async () => {
    const { alice } = await twoTalking();
    const closed = heard(alice.client, "state", ({ state }) => state === "closed");
    await alice.client.http("POST", "auth/logout/");
    assert.ok((await closed).error);
    await assert.rejects(alice.client.start());
    assert.equal(alice.client.state, "closed");
  });

  test("signing out forgets everything", async () => {
    const storage = new MemoryStorage();
    const { alice } = await twoTalking({ storage });
    await alice.client.signOut();
    assert.equal(storage.length, 0);
    assert.equal(Client.restore(INSTANCE, { storage }), null);
  });

  test("after a new epoch it begins again, and what was unsent goes out", async () => {
    const storage = new MemoryStorage();
    const { alice, chat, bobs } = await twoTalking({ storage });
    alice.client.stop();
    void chat.send("Unsent");
    await bobs.send("Missed");
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
    storage.setItem(keys.find((key) => key.endsWith(" epoch")) ?? "", '"of before"');

    const network = new Network();
    const again = Client.restore(INSTANCE, { ...through(network), storage }) as Client;
    running.push(again);
    await again.start();
    assert.equal((await seen(again, chat.id, "Unsent")).seq, 3);
    assert.ok(network.frames.some(({ code }) => code === "epoch_changed"));
    // A fresh list of chats, as on a new device: the last message, and what came since.
    assert.deepEqual(texts(again.conversations.get(chat.id) as Conversation), ["Missed", "Unsent"]);
  });
});

async function tokensOf(client: Client) {
  await client.session.refresh();
  return client.session.tokens;
}
