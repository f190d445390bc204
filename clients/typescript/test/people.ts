import { WebSocket } from "ws";

import { Client } from "../src/index.ts";
import type {
  ClientEvents,
  ClientOptions,
  Conversation,
  Message,
  WebSocketLike,
} from "../src/index.ts";

/** A running instance: HTTP and the socket may be served by two processes. */
export const INSTANCE = process.env["SNAPPIO_HTTP"] ?? "";
const SOCKET = `${process.env["SNAPPIO_WS"]}/ws/`;
const PASSWORD = "correct horse battery staple";

interface Frame {
  type: string;
  [field: string]: unknown;
}

/** A network that the test can break: it loses frames, and cuts the connection with them. */
export class Network {
  readonly frames: Frame[] = [];
  #open = new Set<WebSocket>();
  #loses: ((frame: Frame) => boolean) | null = null;
  #heard = () => {};

  /** A class, as clients want it, whose sockets go through this network. */
  readonly WebSocket = ((network: Network) =>
    class implements WebSocketLike {
      onopen: ((event: any) => void) | null = null;
      onmessage: ((event: any) => void) | null = null;
      onclose: ((event: any) => void) | null = null;
      onerror: ((event: any) => void) | null = null;
      readonly #socket: WebSocket;

      constructor(url: string) {
        this.#socket = new WebSocket(url);
        network.#open.add(this.#socket);
        this.#socket.onopen = (event) => this.onopen?.(event);
        this.#socket.onerror = (event) => this.onerror?.(event);
        this.#socket.onclose = (event) => {
          network.#open.delete(this.#socket);
          this.onclose?.(event);
        };
        this.#socket.onmessage = (event) => {
          if (network.#passes(String(event.data))) this.onmessage?.(event);
        };
      }

      send(data: string): void {
        this.#socket.send(data);
      }

      close(code?: number): void {
        this.#socket.close(code);
      }
    })(this);

  /** End every connection without a word. */
  cut(): void {
    for (const socket of this.#open) socket.terminate();
  }

  /** Lose the first frame that fits, and the connection with it. */
  lose(fits: (frame: Frame) => boolean): void {
    this.#loses = fits;
  }

  /** Resolves once the server has said a frame that fits. */
  async told(fits: (frame: Frame) => boolean): Promise<void> {
    while (!this.frames.some(fits)) await new Promise<void>((resolve) => (this.#heard = resolve));
  }

  #passes(text: string): boolean {
    const frame = JSON.parse(text) as Frame;
    this.frames.push(frame);
    this.#heard();
    if (!this.#loses?.(frame)) return true;
    this.#loses = null;
    this.cut();
    return false;
  }
}

let people = 0;

/** Somebody new, signed up and signed in. */
export async function newcomer(
  name: string,
  options: ClientOptions = {},
): Promise<{ client: Client; username: string }> {
  people += 1;
  const username = `${name}-${process.pid}-${people}-${Math.random().toString(36).slice(2, 8)}`;
  const body = { username, name, email: `${username}@example.com`, password: PASSWORD };
  const answer = await fetch(`${INSTANCE}/api/v1/users/`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  const client = await Client.signIn(INSTANCE, username, PASSWORD, through(new Network(), options));
  return { client, username };
}

export function through(network: Network, options: ClientOptions = {}): ClientOptions {
  return { WebSocket: network.WebSocket, socketUrl: SOCKET, ...options };
}

/** The first event that fits. */
export function heard<Name extends keyof ClientEvents>(
  client: Client,
  name: Name,
  fits: (event: ClientEvents[Name]) => boolean = () => true,
): Promise<ClientEvents[Name]> {
  return new Promise((resolve) => {
    const off = client.on(name, (event) => {
      if (!fits(event)) return;
      off();
      resolve(event);
    });
  });
}

/** The conversation of this id, now or as soon as it is known. */
export async function known(client: Client, id: string): Promise<Conversation> {
  return client.conversations.get(id) ?? (await heard(client, "conversation", (one) => one.id === id));
}

/** The message of this text in a state that fits, now or as soon as it is there. */
export async function seen(
  client: Client,
  id: string,
  text: string,
  fits: (message: Message) => boolean = () => true,
): Promise<Message> {
  const isIt = (message: Message) =>
    message.conversation === id && message.text === text && fits(message);
  const message = client.conversations.get(id)?.messages.find(isIt);
  return message ?? (await heard(client, "message", (event) => isIt(event.message))).message;
}

export function texts(conversation: Conversation): string[] {
  return conversation.messages.map(({ text }) => text);
}
