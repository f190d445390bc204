import { SnappioError } from "./errors.ts";
import type { Commands, Hello, ServerFrame } from "./frames.ts";

/** What is needed of a WebSocket: the platform's has it, and so has that of `ws`. */
export interface WebSocketLike {
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: string): void;
  close(code?: number): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** A kind of request, what it takes, and what it is answered with. */
export type Command = keyof Commands;
export type Fields<Name extends Command> = Omit<Commands[Name][0], "type" | "id">;
export type Result<Name extends Command> = Commands[Name][1];

/** A frame of the server's, by its `type`. */
export type Told<Type extends ServerFrame["type"]> = Extract<ServerFrame, { type: Type }>;

/** How a socket ended. */
export interface Ending {
  /** The close code; 1006 if there was none. */
  code: number;
  /** The last refusal that answered no request: it tells the reason. */
  error: Told<"error"> | null;
  /** What `bye` said: milliseconds until it is time to come back. */
  after: number | null;
}

export interface Handlers {
  frame(frame: ServerFrame): void;
  /** Said once, and nothing after it. */
  ended(ending: Ending): void;
}

const LOST = 1006;
// From the first byte to `welcome`.
const WELCOME_MS = 15_000;
// Half of what the server takes (64 requests, 4 of them `history`; 20 frames a second, 60 at once).
const UNANSWERED = 32;
const HISTORIES = 2;
const BURST = 30;
const FRAMES_PER_SECOND = 10;

interface Request {
  frame: { type: Command; id: number };
  resolve(result: unknown): void;
  reject(error: SnappioError): void;
}

/** One socket from `hello` to its end: requests and their answers, pings, the server's pace. */
export class Connection {
  readonly #socket: WebSocketLike;
  readonly #handlers: Handlers;
  readonly #waiting: Request[] = [];
  readonly #unanswered = new Map<number, Request>();
  readonly #allowance = { frames: BURST, at: Date.now() };
  #pace: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout>;
  #pingSeconds = 0;
  #lastId = 0;
  #error: Told<"error"> | null = null;
  #after: number | null = null;
  #hasEnded = false;

  constructor(socket: WebSocketLike, hello: Hello, handlers: Handlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#silence = setTimeout(() => this.end(), WELCOME_MS);
    socket.onopen = () => socket.send(JSON.stringify(hello));
    socket.onmessage = ({ data }) => this.#heard(JSON.parse(String(data)) as ServerFrame);
    socket.onclose = ({ code }) => this.#ended(code);
    socket.onerror = () => undefined; // `onclose` follows.
  }

  /**
   * Ask and wait for the answer. Fails with `connection_lost` if the socket ends before:
   * whether the request was carried out is then unknown.
   */
  request<Name extends Command>(type: Name, fields: Fields<Name>): Promise<Result<Name>> {
    return new Promise((resolve, reject) => {
      this.#lastId += 1;
      const frame = { ...fields, type, id: this.#lastId };
      if (this.#hasEnded) {
        reject(lost());
      } else {
        this.#waiting.push({ frame, resolve: resolve as (result: unknown) => void, reject });
        this.#pump();
      }
    });
  }

  /** Leave at once; the other side may be gone, so nothing is waited for. */
  end(code?: number): void {
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(code);
    this.#ended(LOST);
  }

  #heard(frame: ServerFrame): void {
    this.#listen();
    switch (frame.type) {
      case "welcome":
        this.#pingSeconds = frame.ping;
        this.#listen();
        break;
      case "ok":
        this.#take(frame.id)?.resolve(frame.result);
        return;
      case "error":
        if (frame.id === null) this.#error = frame;
        else this.#take(frame.id)?.reject(refused(frame));
        return;
      case "bye":
        this.#after = frame.after;
        return;
    }
    this.#handlers.frame(frame);
  }

  /** After `ping` silent seconds ask; after as many again the connection is dead. */
  #listen(): void {
    if (!this.#pingSeconds) return;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#silence = setTimeout(() => this.end(), this.#pingSeconds * 1000);
      this.request("ping", {}).catch(() => undefined);
    }, this.#pingSeconds * 1000);
  }

  #take(id: number): Request | undefined {
    const request = this.#unanswered.get(id);
    this.#unanswered.delete(id);
    this.#pump();
    return request;
  }

  /** Send what the server will take now; what it will not take waits its turn. */
  #pump(): void {
    clearTimeout(this.#pace);
    const allowance = this.#allowance;
    const now = Date.now();
    const earned = ((now - allowance.at) / 1000) * FRAMES_PER_SECOND;
    allowance.frames = Math.min(BURST, allowance.frames + Math.max(0, earned));
    allowance.at = now;
    while (this.#unanswered.size < UNANSWERED) {
      const index = this.#waiting.findIndex(({ frame }) => this.#mayGo(frame.type));
      if (index < 0) return;
      if (allowance.frames < 1) {
        this.#pace = setTimeout(() => this.#pump(), 1000 / FRAMES_PER_SECOND);
        return;
      }
      allowance.frames -= 1;
      const [request] = this.#waiting.splice(index, 1) as [Request];
      this.#unanswered.set(request.frame.id, request);
      this.#socket.send(JSON.stringify(request.frame));
    }
  }

  #mayGo(type: Command): boolean {
    if (type !== "history") return true;
    const asked = [...this.#unanswered.values()].filter(({ frame }) => frame.type === type);
    return asked.length < HISTORIES;
  }

  #ended(code: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#silence);
    clearTimeout(this.#pace);
    const requests = [...this.#unanswered.values(), ...this.#waiting.splice(0)];
    this.#unanswered.clear();
    this.#handlers.ended({ code, error: this.#error, after: this.#after });
    for (const request of requests) request.reject(lost());
  }
}

function refused(frame: Told<"error">): SnappioError {
  return new SnappioError(frame.code, frame.message, frame.retry, frame.after);
}

function lost(): SnappioError {
  return new SnappioError("connection_lost", "The socket ended before there was an answer.", true);
}
