import { Conversation, type Host } from "./conversation.ts";
import { SnappioError } from "./errors.ts";
import type { Hello } from "./frames.ts";
import type { Shelf } from "./storage.ts";

// Writing what changed in a quarter of a second at once is kind to busy rooms. Losing the
// last of it costs nothing: it is only resumed from a little earlier.
const KEEP_MS = 250;

/** The member's conversations, and their keeping over a restart. */
export class Chats {
  readonly byId = new Map<string, Conversation>();
  readonly #shelf: Shelf;
  readonly #host: Host;
  readonly #warn: (error: SnappioError) => void;
  readonly #changed = new Set<string>();
  #epoch: string | null;
  #keeping: ReturnType<typeof setTimeout> | undefined;

  constructor(shelf: Shelf, host: Host, warn: (error: SnappioError) => void) {
    this.#shelf = shelf;
    this.#host = host;
    this.#warn = warn;
    this.#epoch = shelf.epoch;
    for (const state of shelf.conversations()) this.of(state.conversation).hear(state);
  }

  /** The conversation of this id, made if it is not known. */
  of(id: string): Conversation {
    const conversation = this.byId.get(id) ?? new Conversation(id, this.#host);
    this.byId.set(id, conversation);
    return conversation;
  }

  /** What `hello` says of where to resume; of too many, those with the latest messages. */
  resume(most: number): Pick<Hello, "epoch" | "since"> {
    const latest = (one: Conversation) => one.messages.at(-1)?.sent_at ?? "";
    const known = [...this.byId.values()].sort((a, b) => (latest(a) < latest(b) ? 1 : -1));
    // What is not named is answered as to a new device, from which nothing can be pieced together.
    for (const conversation of known.splice(this.#epoch === null ? 0 : most)) conversation.reset();
    if (this.#epoch === null) return {};
    return {
      epoch: this.#epoch,
      since: Object.fromEntries(known.map(({ id, since }) => [id, since])),
    };
  }

  /** Note what the server's history is called; null for one that is to be forgotten. */
  begin(epoch: string | null): void {
    this.#epoch = epoch;
    this.#try(() => {
      this.#shelf.epoch = epoch;
    });
  }

  forget(id: string): void {
    this.byId.delete(id);
    this.#changed.delete(id);
    this.#shelf.keepConversation(id, null);
  }

  keepLater(id: string): void {
    this.#changed.add(id);
    this.#keeping ??= setTimeout(() => this.keep(), KEEP_MS);
  }

  /** Keep what has changed. */
  keep(): void {
    clearTimeout(this.#keeping);
    this.#keeping = undefined;
    this.#try(() => {
      for (const id of this.#changed) this.#shelf.keepConversation(id, this.of(id).remembered());
    });
    this.#changed.clear();
  }

  /** Where there is no room, it is only not remembered. */
  #try(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#warn(new SnappioError("storage_failed", String(error)));
    }
  }
}
