import type { Refusal, TokenPair } from "./api.ts";
import { SnappioError } from "./errors.ts";
import type { Shelf } from "./storage.ts";

const TOO_MANY = 429;
const SERVER_ERROR = 500;
// An upload may take longer, on its own.
const TIMEOUT_MS = 30_000;

/** Who is signed in: the tokens, what they say, and HTTP in their name. */
export class Session {
  /** Where the API is, without a slash at the end. */
  readonly url: string;
  readonly #shelf: Shelf;
  #tokens: TokenPair;
  #refreshing: Promise<void> | null = null;

  constructor(url: string, tokens: TokenPair, shelf: Shelf) {
    this.url = url;
    this.#tokens = tokens;
    this.#shelf = shelf;
    shelf.tokens = tokens;
  }

  get tokens(): TokenPair {
    return this.#tokens;
  }

  get access(): string {
    return this.#tokens.access;
  }

  /** The member's number; it stays when the username changes. */
  get member(): string {
    return String(claims(this.access)["user_id"]);
  }

  /** When the access token ends, in milliseconds since 1970 by the server's clock. */
  get expiresAt(): number {
    return Number(claims(this.access)["exp"]) * 1000;
  }

  /**
   * Exchange the tokens for new ones. Calls at the same time share one exchange, and what
   * another page has exchanged meanwhile is taken over: an old refresh token used late
   * would end the session.
   */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  /** Call `path` below `/api/v1/`; a token that has expired is refreshed once. */
  async http<Result>(method: string, path: string, body?: unknown): Promise<Result> {
    const used = this.access;
    try {
      return await call<Result>(this.url, method, path, body, used);
    } catch (error) {
      if (!(error instanceof SnappioError && error.code === "token_not_valid")) throw error;
      if (this.access === used) await this.refresh();
      return await call<Result>(this.url, method, path, body, this.access);
    }
  }

  /** End the session; one that has ended already is as good. */
  async signOut(): Promise<void> {
    try {
      await this.http("POST", "auth/logout/");
    } catch (error) {
      if (!(error instanceof SnappioError) || error.retry) throw error;
    }
    this.#shelf.tokens = null;
  }

  async #refresh(): Promise<void> {
    const shared = this.#shelf.tokens;
    if (shared && shared.access !== this.access) {
      this.#tokens = shared;
      return;
    }
    const { refresh } = this.#tokens;
    try {
      this.#tokens = await call<TokenPair>(this.url, "POST", "auth/refresh/", { refresh });
    } catch (error) {
      if (error instanceof SnappioError && error.retry) throw error;
      throw new SnappioError("signed_out", "The session has ended; sign in again.");
    }
    this.#shelf.tokens = this.#tokens;
  }
}

/** One HTTP call; an answer of 4xx or 5xx, or none, is a `SnappioError`. */
export async function call<Result>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  access?: string,
): Promise<Result> {
  const headers = new Headers({ accept: "application/json" });
  if (access !== undefined) headers.set("authorization", `Bearer ${access}`);
  const request: RequestInit = { method, headers };
  if (body instanceof FormData) {
    request.body = body;
  } else if (body !== undefined) {
    headers.set("content-type", "application/json");
    request.body = JSON.stringify(body);
  }
  if (!(body instanceof FormData)) request.signal = AbortSignal.timeout(TIMEOUT_MS);
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(`${url}/api/v1/${path}`, request);
    text = await answer.text();
  } catch (error) {
    throw new SnappioError("unreachable", String(error), true);
  }
  if (!answer.ok) throw refusal(answer, text);
  return (text ? JSON.parse(text) : null) as Result;
}

function refusal(answer: Response, text: string): SnappioError {
  const retry = answer.status === TOO_MANY || answer.status >= SERVER_ERROR;
  const seconds = answer.headers.get("retry-after");
  const after = seconds === null ? null : Number(seconds) * 1000;
  try {
    // What is wrong field by field has no code of its own.
    const { code = "invalid", detail = text } = JSON.parse(text) as Partial<Refusal>;
    return new SnappioError(code, detail, retry, after);
  } catch {
    return new SnappioError("unreachable", `HTTP ${answer.status}`, retry, after);
  }
}

/** What a token says about itself. Only the server can tell whether it is true. */
function claims(token: string): Record<string, unknown> {
  const [, payload = ""] = token.split(".");
  return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as Record<
    string,
    unknown
  >;
}
