import type { Command, Fields, Result } from "./connection.ts";
import { newClientId } from "./outbox.ts";
import type { Unsent } from "./storage.ts";
import { Timeline } from "./timeline.ts";

/** What a conversation asks of its client. */
export interface Host {
  request<Name extends Command>(type: Name, fields: Fields<Name>): Promise<Result<Name>>;
  post(message: Omit<Unsent, "at">): Promise<Result<"send">>;
  readonly unsent: readonly Unsent[];
}

export interface SendOptions {
  /** Ids of uploaded media. */
  attachments?: number[];
  /** The `seq` that it answers. */
  replyTo?: number;
  /** Only for applications that keep messages of their own until they are acknowledged. */
  clientId?: string;
}

/**
 * One conversation: all that is known of it, kept up to date while the client runs, and
 * what can be done in it. Requests wait for a connection.
 */
export class Conversation extends Timeline {
  readonly #host: Host;

  constructor(id: string, host: Host) {
    super(id);
    this.#host = host;
  }

  /** What was sent and not acknowledged yet. */
  get unsent(): Unsent[] {
    return this.#host.unsent.filter((unsent) => unsent.conversation === this.id);
  }

  /**
   * Send a message; it is stored here first, and sent again until it is acknowledged.
   *
   * Resolves when the server has stored it; nobody has to wait for that. Fails if the server
   * refuses it for good, or with `stopped`: then it is still kept, and goes out when the
   * client is started again.
   */
  send(text: string, options: SendOptions = {}): Promise<Result<"send">> {
    const { attachments, replyTo, clientId = newClientId() } = options;
    return this.#host.post({
      conversation: this.id,
      client_id: clientId,
      text,
      ...(attachments && { attachments }),
      ...(replyTo !== undefined && { reply_to: replyTo }),
    });
  }

  async edit(seq: number, text: string): Promise<void> {
    await this.#host.request("edit", { conversation: this.id, seq, text });
  }

  async delete(seq: number): Promise<void> {
    await this.#host.request("delete", { conversation: this.id, seq });
  }

  async react(seq: number, emoji: string, on = true): Promise<void> {
    await this.#host.request(on ? "react" : "unreact", { conversation: this.id, seq, emoji });
  }

  async pin(seq: number, on = true): Promise<void> {
    await this.#host.request(on ? "pin" : "unpin", { conversation: this.id, seq });
  }

  /** Load a page of messages into `messages` and return it; the newest page by default. */
  async history(page: Omit<Fields<"history">, "conversation"> = {}): Promise<Result<"history">> {
    const result = await this.#host.request("history", { ...page, conversation: this.id });
    for (const message of result.messages) this.merge(message);
    return result;
  }

  /** Say how far one has read: to the last message, unless told. */
  async read(seq = this.lastSeq): Promise<void> {
    const result = await this.#host.request("read", { conversation: this.id, seq });
    this.readSeq = result.read_seq;
    this.unread = result.unread;
  }

  /** Say up to where messages have arrived on this device. */
  async delivered(seq = this.lastSeq): Promise<void> {
    const result = await this.#host.request("delivered", { conversation: this.id, seq });
    this.deliveredSeq = result.delivered_seq;
  }

  async typing(on = true): Promise<void> {
    await this.#host.request("typing", { conversation: this.id, on });
  }
}
