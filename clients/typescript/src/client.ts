import type { Message, TokenPair } from "./api.ts";
import { Chats } from "./chats.ts";
import { Connection } from "./connection.ts";
import type { Command, Ending, Fields, Result, Told, WebSocketConstructor } from "./connection.ts";
import type { Conversation } from "./conversation.ts";
import { SnappioError } from "./errors.ts";
import { Emitter } from "./events.ts";
import type { Hello, ServerFrame } from "./frames.ts";
import { Outbox } from "./outbox.ts";
import { call, Session } from "./session.ts";
import { MemoryStorage, Shelf, type Storage, type Unsent } from "./storage.ts";
import type { ConversationFrame } from "./timeline.ts";
import { Backoff, sleep } from "./waiting.ts";

const VERSION = 1;
// Close codes that ask for something before coming back, and the first that forbids it.
const TOKEN_EXPIRED = 4003;
const EPOCH_CHANGED = 4007;
const FINAL = 4500;
const BAD_TOKEN = 4501;
const LOST = 1006;

const HEALTHY_MS = 60_000;
const SUBSCRIPTIONS = 500;
// The longest that timers can wait: 24 days.
const LONGEST_TIMER_MS = 2 ** 31 - 1;
// Of a token's life; the rest is time to try again.
const RENEW_AFTER = 0.8;

export interface ClientOptions {
  /** Keeps tokens, revisions and unsent messages over a restart, e.g. `localStorage`. */
  storage?: Storage;
  /** Names this installation: its new socket takes the place of its old one. */
  device?: string;
  /** Where the platform has no `WebSocket` (Node before 22): that of the package `ws`. */
  WebSocket?: WebSocketConstructor;
  /** Where the socket is, if not at `/ws/` beside the API. */
  socketUrl?: string;
}

/** `waiting` for the next try; `closed`: not coming back by itself. */
export type State = "idle" | "connecting" | "ready" | "waiting" | "closed";

export interface ClientEvents {
  state: { state: State; error: SnappioError | null };
  /** A message is new or has changed; once for each of its revisions that is seen. */
  message: { conversation: Conversation; message: Message; isNew: boolean };
  /** Something else of the conversation may have changed: its details, its markers. */
  conversation: Conversation;
  /** It is the member's no more: left, removed, banned, deleted; or absent after a resume. */
  removed: { conversation: Conversation; reason: string };
  typing: Told<"typing">;
  presence: Told<"presence">;
  /** A message was refused for good, and is not kept. */
  refused: { unsent: Unsent; error: SnappioError };
  /** Mended without help, and worth a line in a log. */
  warning: SnappioError;
}

/**
 * A member's socket to an instance, which comes back by itself.
 *
 * It resumes where it was, sends again what was not acknowledged, renews its token, and
 * gives up only where the server says that coming back is of no use.
 */
export class Client extends Emitter<ClientEvents> {
  readonly session: Session;
  readonly #options: ClientOptions;
  readonly #shelf: Shelf;
  readonly #outbox: Outbox;
  readonly #chats: Chats;
  readonly #answered = new Set<string>();
  #waiters: { resolve(connection: Connection): void; reject(error: SnappioError): void }[] = [];
  #connection: Connection | null = null;
  #welcome: Told<"welcome"> | null = null;
  #state: State = "idle";
  // Why there is no connection to wait for; null from `start` on, and before it.
  #halt: SnappioError | null = null;
  #stopping = new AbortController();
  #waking = new AbortController();
  #presence: Fields<"presence"> | null = null;
  #mustRefresh = false;
  #renewal: ReturnType<typeof setTimeout> | undefined;

  /** Take tokens that `POST auth/` gave; most use `signIn` or `restore`. */
  constructor(url: string, tokens: TokenPair, options: ClientOptions = {}) {
    super();
    const storage = options.storage ?? new MemoryStorage();
    const base = trimmed(url);
    this.session = new Session(base, tokens, new Shelf(storage, base));
    this.#options = { device: Math.random().toString(36).slice(2), ...options };
    this.#shelf = new Shelf(storage, `${base} ${this.session.member}`);
    this.#chats = new Chats(this.#shelf, this, (error) => this.emit("warning", error));
    this.#outbox = new Outbox(
      this.#shelf,
      ({ at: _, ...message }) => this.request("send", message),
      (unsent, error) => this.emit("refused", { unsent, error }),
    );
  }

  /** Sign in with a password; begins nothing before `start`. */
  static async signIn(
    url: string,
    username: string,
    password: string,
    options: ClientOptions = {},
  ): Promise<Client> {
    const body = { username, password };
    return new Client(url, await call<TokenPair>(trimmed(url), "POST", "auth/", body), options);
  }

  /** Go on as whoever has signed in with this storage before; null if nobody has. */
  static restore(url: string, options: ClientOptions & { storage: Storage }): Client | null {
    const { tokens } = new Shelf(options.storage, trimmed(url));
    return tokens && new Client(url, tokens, options);
  }

  get state(): State {
    return this.#state;
  }

  /** Who this is; null before the first connection. */
  get username(): string | null {
    return this.#welcome?.username ?? null;
  }

  /** By their ids. What was remembered is there before the first connection. */
  get conversations(): ReadonlyMap<string, Conversation> {
    return this.#chats.byId;
  }

  get unsent(): readonly Unsent[] {
    return this.#outbox.unsent;
  }

  /** Connect, and stay connected. Resolves once all that was missed is there. */
  async start(): Promise<void> {
    if (this.#state === "idle" || this.#state === "closed") {
      this.#halt = null;
      this.#stopping = new AbortController();
      void this.#run(this.#stopping.signal);
      this.#outbox.start();
    }
    await this.#connected();
  }

  /** Leave. What was not acknowledged is kept for the next `start`. */
  stop(): void {
    this.#close(new SnappioError("stopped", "The client was stopped."), "idle");
  }

  /** Leave for good: end the session, and remember nothing. */
  async signOut(): Promise<void> {
    this.stop();
    await this.session.signOut();
    this.#chats.byId.clear();
    this.#shelf.clear();
  }

  /** Try again now, e.g. because the network is back. */
  wake(): void {
    this.#waking.abort();
  }

  /** The private chat with a member, opened if there was none. */
  async open(username: string): Promise<Conversation> {
    const { conversation } = await this.request("open", { username });
    return this.#chats.byId.get(conversation) ?? (await this.subscribe(conversation));
  }

  /** Follow a conversation that one is no member of: an open room. */
  async subscribe(id: string): Promise<Conversation> {
    const since = this.#chats.byId.get(id)?.since;
    await this.request("subscribe", { conversation: id, ...(since && { since }) });
    return this.#chats.of(id);
  }

  async unsubscribe(id: string): Promise<void> {
    await this.request("unsubscribe", { conversation: id });
    this.#forget(id);
  }

  /** Say whether one is there, and whose presence to hear of from now on. */
  async presence(state: "online" | "away", watch: string[] = []): Promise<Result<"presence">> {
    const result = await this.request("presence", { state, watch });
    this.#presence = { state, watch };
    return result;
  }

  /**
   * Ask the server over the socket, and ask again if the socket ends before the answer.
   * All requests may be repeated; only `typing` would be out of date.
   */
  async request<Name extends Command>(type: Name, fields: Fields<Name>): Promise<Result<Name>> {
    for (;;) {
      const connection = await this.#connected();
      try {
        return await connection.request(type, fields);
      } catch (error) {
        const isLost = error instanceof SnappioError && error.code === "connection_lost";
        if (!isLost || type === "typing") throw error;
      }
    }
  }

  /** Ask over HTTP: `path` is below `/api/v1/`, `body` is JSON or a form with files. */
  http<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.session.http<Answer>(method, path, body);
  }

  /** Put a message into the outbox; `Conversation.send` is the better door. */
  post(message: Omit<Unsent, "at">): Promise<Result<"send">> {
    return this.#outbox.add(message);
  }

  async #run(stopping: AbortSignal): Promise<void> {
    const backoff = new Backoff();
    while (!stopping.aborted) {
      this.#say("connecting");
      const startedAt = Date.now();
      const ending = await this.#live(stopping);
      if (stopping.aborted) return;
      if (ending.code >= FINAL) {
        const code = ending.error?.code ?? `closed_${ending.code}`;
        const message = ending.error?.message ?? `The server closed with ${ending.code}.`;
        this.#close(new SnappioError(code, message), "closed");
        return;
      }
      if (ending.code === EPOCH_CHANGED) this.#chats.begin(null);
      if (ending.code === TOKEN_EXPIRED) this.#mustRefresh = true;
      if (Date.now() - startedAt > HEALTHY_MS) backoff.reset();
      this.#say("waiting");
      this.#waking = new AbortController();
      await sleep(ending.after ?? backoff.next(), this.#waking.signal);
    }
  }

  /** One connection from the first byte to the last. */
  async #live(stopping: AbortSignal): Promise<Ending> {
    if (this.#mustRefresh) {
      try {
        await this.session.refresh();
      } catch (error) {
        const { code, message, retry, after } = error as SnappioError;
        const told = { type: "error", id: null, code, message, retry, after } as const;
        return { code: retry ? LOST : BAD_TOKEN, error: told, after };
      }
      this.#mustRefresh = false;
      if (stopping.aborted) return { code: LOST, error: null, after: null };
    }
    const Socket = this.#options.WebSocket ?? globalThis.WebSocket;
    const url = this.#options.socketUrl ?? `${this.session.url.replace(/^http/, "ws")}/ws/`;
    this.#answered.clear();
    return await new Promise<Ending>((resolve) => {
      const ended = (ending: Ending) => {
        this.#connection = null;
        clearTimeout(this.#renewal);
        resolve(ending);
      };
      const frame = (frame: ServerFrame) => this.#heard(frame);
      this.#connection = new Connection(new Socket(url), this.#hello(), { frame, ended });
    });
  }

  #hello(): Hello {
    return {
      type: "hello",
      version: VERSION,
      token: this.session.access,
      ...(this.#options.device !== undefined && { device: this.#options.device }),
      ...this.#chats.resume(SUBSCRIPTIONS),
    };
  }

  #heard(frame: ServerFrame): void {
    switch (frame.type) {
      case "welcome":
        this.#welcome = frame;
        this.#chats.begin(frame.epoch);
        this.#renewLater(this.session.expiresAt, frame.now);
        break;
      case "subscribed":
        this.#answered.add(frame.conversation);
        this.#tell(this.#chats.of(frame.conversation), frame);
        break;
      case "ready":
        this.#ready();
        break;
      case "removed":
        this.#forget(frame.conversation, frame.reason);
        break;
      case "typing":
      case "presence":
        this.emit(frame.type, frame as Told<"typing"> & Told<"presence">);
        break;
      default: {
        const known = "conversation" in frame && this.#chats.byId.get(frame.conversation);
        if (known) this.#tell(known, frame as ConversationFrame);
      }
    }
  }

  #tell(conversation: Conversation, frame: ConversationFrame): void {
    const isFirst = !conversation.since;
    const news = conversation.hear(frame, this.username);
    this.#chats.keepLater(conversation.id);
    if (frame.type === "subscribed" && isFirst) {
      // What a new device finds is no news; what we are added to while we listen is.
      news.newAbove = this.#state === "ready" ? frame.read_seq : frame.last_seq;
    }
    for (const message of news.messages) {
      this.emit("message", { conversation, message, isNew: message.seq > news.newAbove });
    }
    if (frame.type !== "message" && frame.type !== "passed" && frame.type !== "gap") {
      this.emit("conversation", conversation);
    }
    if (news.isBroken) {
      const text = `A revision of ${conversation.id} is missing; connecting anew.`;
      this.emit("warning", new SnappioError("revision_missing", text));
      this.#connection?.end();
    }
  }

  #ready(): void {
    const connection = this.#connection as Connection;
    const limit = Number(this.#welcome?.limits["subscriptions"] ?? SUBSCRIPTIONS);
    // With as many as there may be, the rest was not named for want of room.
    const isAll = this.#answered.size < limit;
    for (const id of [...this.#chats.byId.keys()]) {
      if (isAll && !this.#answered.has(id)) this.#forget(id, "absent");
    }
    this.#say("ready");
    for (const { resolve } of this.#waiters.splice(0)) resolve(connection);
    if (this.#presence) void this.#watch(connection, this.#presence);
  }

  /** The server forgets with the socket whom it watched. */
  async #watch(connection: Connection, presence: Fields<"presence">): Promise<void> {
    try {
      const { members } = await connection.request("presence", presence);
      for (const member of members) this.emit("presence", { type: "presence", ...member });
    } catch (error) {
      this.emit("warning", error as SnappioError);
    }
  }

  #renewLater(expiresAt: number, now: string): void {
    clearTimeout(this.#renewal);
    const left = expiresAt - Date.parse(now);
    const wait = Math.min(left * RENEW_AFTER, LONGEST_TIMER_MS);
    if (wait > 0) this.#renewal = setTimeout(() => void this.#renew(), wait);
  }

  /** Go on with a new token before the old one ends; should it fail, 4003 says so in time. */
  async #renew(): Promise<void> {
    const connection = this.#connection;
    try {
      await this.session.refresh();
      const token = this.session.access;
      await connection?.request("auth", { token });
      if (connection !== this.#connection || !connection) return;
      const { now } = await connection.request("ping", {});
      this.#renewLater(this.session.expiresAt, now);
    } catch (error) {
      this.emit("warning", error as SnappioError);
    }
  }

  #connected(): Promise<Connection> {
    if (this.#halt) return Promise.reject(this.#halt);
    if (this.#state === "ready" && this.#connection) return Promise.resolve(this.#connection);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #close(error: SnappioError, state: "idle" | "closed"): void {
    this.#halt = error;
    this.#stopping.abort();
    this.#connection?.end();
    this.#waking.abort();
    this.#outbox.stop(error);
    for (const { reject } of this.#waiters.splice(0)) reject(error);
    this.#chats.keep();
    this.#say(state, state === "closed" ? error : null);
  }

  #forget(id: string, reason?: string): void {
    const conversation = this.#chats.byId.get(id);
    this.#chats.forget(id);
    if (conversation && reason) this.emit("removed", { conversation, reason });
  }

  #say(state: State, error: SnappioError | null = null): void {
    this.#state = state;
    this.emit("state", { state, error });
  }
}

function trimmed(url: string): string {
  return new URL(url).href.replace(/\/+$/, "");
}
