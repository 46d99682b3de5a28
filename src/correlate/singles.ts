/** What the table keeps of a lone hit: enough to open the incident when a second value turns up. */
export interface Single {
  readonly valueId: number;
  readonly atMs: number;
  readonly line: number;
  readonly sourcePort: number;
  readonly count: number;
  readonly observerId: number;
  /** TCP flags as the bits of the TCP header. */
  readonly flags: number;
}

const EMPTY = 0;
const LIVE = 1;
const TAKEN = 2;

/** One generation: an open-addressing hash table in typed arrays, about 35 bytes a slot. */
class Generation {
  size = 0;
  readonly slots: number;
  readonly state: Uint8Array;
  readonly keyA: Uint32Array;
  readonly keyB: Uint32Array;
  readonly value: Uint32Array;
  readonly at: Float64Array;
  readonly line: Uint32Array;
  readonly sourcePort: Uint16Array;
  readonly count: Uint32Array;
  readonly observer: Uint16Array;
  readonly flags: Uint8Array;

  constructor(slots: number) {
    this.slots = slots;
    this.state = new Uint8Array(slots);
    this.keyA = new Uint32Array(slots);
    this.keyB = new Uint32Array(slots);
    this.value = new Uint32Array(slots);
    this.at = new Float64Array(slots);
    this.line = new Uint32Array(slots);
    this.sourcePort = new Uint16Array(slots);
    this.count = new Uint32Array(slots);
    this.observer = new Uint16Array(slots);
    this.flags = new Uint8Array(slots);
  }

  /** The slot of a key, or the free slot where it would go. */
  find(a: number, b: number): number {
    const mask = this.slots - 1;
    let slot = hash(a, b) & mask;
    while (this.state[slot] !== EMPTY && (this.keyA[slot] !== a || this.keyB[slot] !== b))
      slot = (slot + 1) & mask;
    return slot;
  }

  put(slot: number, a: number, b: number, single: Single): void {
    if (this.state[slot] === EMPTY) this.size++;
    this.state[slot] = LIVE;
    this.keyA[slot] = a;
    this.keyB[slot] = b;
    this.value[slot] = single.valueId;
    this.at[slot] = single.atMs;
    this.line[slot] = single.line;
    this.sourcePort[slot] = single.sourcePort;
    this.count[slot] = single.count;
    this.observer[slot] = single.observerId;
    this.flags[slot] = single.flags;
  }

  forgetAfter(nowMs: number): void {
    for (let slot = 0; slot < this.slots; slot++)
      if (this.state[slot] === LIVE && this.at[slot]! > nowMs) this.state[slot] = TAKEN;
  }

  get(slot: number): Single {
    return {
      valueId: this.value[slot]!,
      atMs: this.at[slot]!,
      line: this.line[slot]!,
      sourcePort: this.sourcePort[slot]!,
      count: this.count[slot]!,
      observerId: this.observer[slot]!,
      flags: this.flags[slot]!,
    };
  }
}

/** Multiplicative mixing (Knuth, TAOCP 6.4) of both halves; attackers choose `a`, the seed keeps them from choosing slots. */
const SEED = Math.floor(Math.random() * 0x1_0000_0000);
function hash(a: number, b: number): number {
  let h = Math.imul(a ^ SEED, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15) ^ b, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Keys that have been seen with one value only: nearly all of them, in a flood of spoofed sources. Two generations replace
 * per-key expiry: entries go to the young one; when it is a window old or full, it becomes the old one and the former old
 * one is dropped. An entry therefore lives at least one window unless the table is full, and dropping live ones is counted.
 */
export class Singles {
  readonly #withinMs: number;
  readonly #maxSlots: number;
  #young: Generation;
  #old: Generation | undefined;
  #youngSinceMs = Number.NEGATIVE_INFINITY;
  #evicted = 0;

  /** `maxKeys` bounds both generations together. */
  constructor(withinMs: number, maxKeys: number) {
    this.#withinMs = withinMs;
    // A generation is used up to three quarters, and there are two.
    this.#maxSlots = Math.max(64, 2 ** Math.floor(Math.log2(maxKeys / 1.5)));
    this.#young = new Generation(64);
  }

  get size(): number {
    return this.#young.size + (this.#old?.size ?? 0);
  }

  get evicted(): number {
    return this.#evicted;
  }

  /** Removes and returns the entry of a key if it is inside the window that ends at `nowMs`. */
  take(a: number, b: number, nowMs: number): Single | undefined {
    for (const generation of [this.#young, this.#old]) {
      if (generation === undefined) continue;
      const slot = generation.find(a, b);
      if (generation.state[slot] !== LIVE) continue;
      generation.state[slot] = TAKEN;
      const single = generation.get(slot);
      return single.atMs > nowMs - this.#withinMs ? single : undefined;
    }
    return undefined;
  }

  put(a: number, b: number, single: Single): void {
    if (single.atMs - this.#youngSinceMs >= this.#withinMs) this.#rotate(single.atMs);
    if ((this.#young.size + 1) * 4 > this.#young.slots * 3) this.#grow(single.atMs);
    this.#young.put(this.#young.find(a, b), a, b, single);
  }

  /** The clock was set back: forgets what happened after `nowMs`. */
  setBack(nowMs: number): void {
    for (const generation of [this.#young, this.#old]) generation?.forgetAfter(nowMs);
    this.#youngSinceMs = Math.min(this.#youngSinceMs, nowMs);
  }

  #grow(nowMs: number): void {
    if (this.#young.slots >= this.#maxSlots) {
      this.#rotate(nowMs);
      return;
    }
    const bigger = new Generation(this.#young.slots * 2);
    for (let slot = 0; slot < this.#young.slots; slot++) {
      if (this.#young.state[slot] !== LIVE) continue;
      const a = this.#young.keyA[slot]!;
      const b = this.#young.keyB[slot]!;
      bigger.put(bigger.find(a, b), a, b, this.#young.get(slot));
    }
    this.#young = bigger;
  }

  #rotate(nowMs: number): void {
    if (this.#old !== undefined) this.#evicted += this.#unexpired(this.#old, nowMs);
    this.#old = this.#young.size > 0 ? this.#young : undefined;
    this.#young = new Generation(Math.min(this.#maxSlots, Math.max(64, this.#young.slots >> 1)));
    this.#youngSinceMs = nowMs;
  }

  #unexpired(generation: Generation, nowMs: number): number {
    const horizonMs = nowMs - this.#withinMs;
    let count = 0;
    for (let slot = 0; slot < generation.slots; slot++) {
      if (generation.state[slot] === LIVE && generation.at[slot]! > horizonMs) count++;
    }
    return count;
  }
}
