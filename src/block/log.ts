// A log as the contract emitted it, in bytes.

/** An event; topics have 32 bytes. */
export interface Log {
  address: Uint8Array;
  topics: Uint8Array[];
  data: Uint8Array;
}
