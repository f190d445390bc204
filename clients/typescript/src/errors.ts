/**
 * A refusal: by the server, with one of its stable codes, or by this client with one of
 *
 * - `stopped`: the client was stopped before there was an answer;
 * - `signed_out`: the refresh token is not taken any more, sign in anew;
 * - `connection_lost`: the socket ended before there was an answer;
 * - `unreachable`: no HTTP answer, or one that is not of Snappio.
 */
export class SnappioError extends Error {
  override readonly name = "SnappioError";
  readonly code: string;
  /** Whether the same request may succeed later. */
  readonly retry: boolean;
  /** How many milliseconds later, if the server said so. */
  readonly after: number | null;

  constructor(code: string, message: string, retry = false, after: number | null = null) {
    super(message);
    this.code = code;
    this.retry = retry;
    this.after = after;
  }
}
