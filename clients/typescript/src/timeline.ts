import type { Conversation as Details, Message } from "./api.ts";
import type { Told } from "./connection.ts";

/** What the socket tells of one conversation. */
export type ConversationFrame = Told<
  "subscribed" | "message" | "changed" | "passed" | "gap" | "membership" | "read" | "delivered"
>;

/** What a frame brought. */
export interface News {
  /** Messages that are new or have changed, in the order of `seq`. */
  messages: Message[];
  /** Above this `seq` they are new. */
  newAbove: number;
  /** A revision never came, which the server promises not to happen. */
  isBroken: boolean;
}

/** Enough to show a conversation at once; the rest is a page of history away. */
const KEPT_MESSAGES = 50;

/**
 * What is known of one conversation: its messages, kept under their `seq` and replaced by
 * higher revisions, and the member's place in it. Knows nothing of sockets.
 */
export class Timeline {
  readonly id: string;
  /** From here the next socket resumes: nothing up to this revision is missing. */
  since = 0;
  firstSeq = 1;
  lastSeq = 0;
  readSeq = 0;
  deliveredSeq = 0;
  unread = 0;
  role: string | null = null;
  mutedUntil: string | null = null;
  /** As `GET conversations/{id}/` shows it. */
  details: Details | null = null;
  /** How far others have read and received, as far as this client has heard. */
  readonly readBy = new Map<string, number>();
  readonly deliveredTo = new Map<string, number>();
  // The last revision this socket has told of: ahead of `since` while a gap is being filled.
  #position = 0;
  readonly #held = new Map<number, Message>();
  #sorted: readonly Message[] | null = null;

  constructor(id: string) {
    this.id = id;
  }

  /** By `seq`, in their present states. A number that is left out was not loaded. */
  get messages(): readonly Message[] {
    this.#sorted ??= [...this.#held.values()].sort((a, b) => a.seq - b.seq);
    return this.#sorted;
  }

  message(seq: number): Message | undefined {
    return this.#held.get(seq);
  }

  /** Take a message as it is now; false if this state, or a newer one, is known. */
  merge(message: Message): boolean {
    const held = this.#held.get(message.seq);
    if (message.seq < this.firstSeq || (held && held.revision >= message.revision)) return false;
    this.#held.set(message.seq, message);
    this.#sorted = null;
    this.lastSeq = Math.max(this.lastSeq, message.seq);
    return true;
  }

  /** Forget all but the newest messages, e.g. in a page that stays open for weeks. */
  trim(count: number): void {
    const floor = this.messages.at(-count)?.seq ?? 0;
    this.#drop((seq) => seq < floor);
  }

  /** Forget messages and revisions: they belong to a history that is no more. */
  reset(): void {
    this.#drop(() => true);
    this.since = this.#position = this.lastSeq = 0;
  }

  /** Take in a frame; `username` is the member's own. */
  hear(frame: ConversationFrame, username: string | null = null): News {
    const news: News = { messages: [], newAbove: this.lastSeq, isBroken: false };
    switch (frame.type) {
      case "subscribed":
        news.messages = this.#subscribed(frame);
        break;
      case "message":
        news.isBroken = !this.#advance(frame.message.revision);
        if (this.merge(frame.message)) news.messages = [frame.message];
        if (frame.message.seq > news.newAbove && frame.message.sender !== username) this.unread += 1;
        break;
      case "changed":
        news.isBroken = !this.#advance(frame.revision);
        if (this.details) this.details = { ...this.details, ...frame.state } as Details;
        this.#begin(Math.max(this.firstSeq, frame.state.first_seq));
        break;
      case "passed":
        news.isBroken = !this.#advance(frame.revision);
        break;
      case "gap":
        news.isBroken = !this.#leap(frame);
        break;
      case "membership":
        this.role = frame.role;
        this.mutedUntil = frame.muted_until;
        this.#place(frame);
        break;
      case "read":
        this.readBy.set(frame.username, frame.seq);
        break;
      case "delivered":
        this.deliveredTo.set(frame.username, frame.seq);
        break;
    }
    return news;
  }

  /** What to remember over a restart: a frame that, heard again, brings back this state. */
  remembered(): Told<"subscribed"> {
    return {
      type: "subscribed",
      conversation: this.id,
      revision: this.since,
      first_seq: this.firstSeq,
      last_seq: this.lastSeq,
      read_seq: this.readSeq,
      delivered_seq: this.deliveredSeq,
      unread: this.unread,
      complete: true,
      messages: this.messages.slice(-KEPT_MESSAGES),
      details: this.details,
    };
  }

  #subscribed(frame: Told<"subscribed">): Message[] {
    if (frame.revision < this.since) this.reset(); // Not the history we knew.
    const floor = frame.complete ? 0 : Math.min(...frame.messages.map(({ seq }) => seq));
    this.#drop((seq) => seq < floor);
    this.#begin(frame.first_seq);
    const news = frame.messages.filter((message) => this.merge(message));
    this.lastSeq = frame.last_seq;
    this.since = this.#position = frame.revision;
    this.details = frame.details ?? this.details;
    this.#place(frame);
    return news;
  }

  /** What is below was removed by retention, or was never this member's to see. */
  #begin(firstSeq: number): void {
    this.firstSeq = firstSeq;
    this.#drop((seq) => seq < firstSeq);
  }

  #place(place: { read_seq: number; delivered_seq: number; unread: number }): void {
    this.readSeq = place.read_seq;
    this.deliveredSeq = place.delivered_seq;
    this.unread = place.unread;
  }

  /** Count a revision that the socket told of; false if one before it never came. */
  #advance(revision: number): boolean {
    if (revision <= this.#position) return true; // The present state of something in a gap.
    if (revision !== this.#position + 1) return false;
    this.since = this.#position = revision;
    return true;
  }

  /**
   * Go over revisions that were folded together; false if one before them never came.
   *
   * The states follow in frames of their own, and the socket may end between them: `since`
   * follows only with the first revision after the gap.
   */
  #leap({ after, revision }: Told<"gap">): boolean {
    if (after > this.#position) return false;
    this.#position = Math.max(this.#position, revision);
    return true;
  }

  #drop(isGone: (seq: number) => boolean): void {
    for (const seq of [...this.#held.keys()].filter(isGone)) this.#held.delete(seq);
    this.#sorted = null;
  }
}
