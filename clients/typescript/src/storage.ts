import type { TokenPair } from "./api.ts";
import type { Fields, Told } from "./connection.ts";

/** Where a client remembers things: `localStorage`, or anything that does the same. */
export interface Storage {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** Forgets everything with the process. */
export class MemoryStorage implements Storage {
  readonly #items = new Map<string, string>();

  get length(): number {
    return this.#items.size;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }
}

/** A message on its way; `at` is milliseconds since 1970, rising: the order of sending. */
export type Unsent = Fields<"send"> & { at: number };

/**
 * What is kept under one prefix, one key for each thing: two pages of one browser write
 * beside each other and overwrite nothing of each other's.
 */
export class Shelf {
  readonly #storage: Storage;
  readonly #prefix: string;

  /** `owner` is an instance, or a member of one. */
  constructor(storage: Storage, owner: string) {
    this.#storage = storage;
    this.#prefix = `snappio/1 ${owner} `;
  }

  get tokens(): TokenPair | null {
    return this.#get("tokens");
  }

  set tokens(tokens: TokenPair | null) {
    this.#put("tokens", tokens);
  }

  get epoch(): string | null {
    return this.#get("epoch");
  }

  set epoch(epoch: string | null) {
    this.#put("epoch", epoch);
  }

  conversations(): Told<"subscribed">[] {
    return this.#all("conversation ");
  }

  /** Null forgets it. */
  keepConversation(id: string, state: Told<"subscribed"> | null): void {
    this.#put(`conversation ${id}`, state);
  }

  unsent(): Unsent[] {
    return this.#all<Unsent>("unsent ").sort((a, b) => a.at - b.at);
  }

  /** Null forgets it. */
  keepUnsent(clientId: string, unsent: Unsent | null): void {
    this.#put(`unsent ${clientId}`, unsent);
  }

  clear(): void {
    for (const name of this.#names("")) this.#put(name, null);
  }

  #get<Value>(name: string): Value | null {
    return JSON.parse(this.#storage.getItem(this.#prefix + name) ?? "null") as Value | null;
  }

  #put(name: string, value: unknown): void {
    if (value === null) this.#storage.removeItem(this.#prefix + name);
    else this.#storage.setItem(this.#prefix + name, JSON.stringify(value));
  }

  #all<Value>(kind: string): Value[] {
    return this.#names(kind).flatMap((name) => this.#get<Value>(name) ?? []);
  }

  #names(kind: string): string[] {
    const storage = this.#storage;
    const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
    const ours = keys.filter((key) => key.startsWith(this.#prefix + kind));
    return ours.map((key) => key.slice(this.#prefix.length));
  }
}
