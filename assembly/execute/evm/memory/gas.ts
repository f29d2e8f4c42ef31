// The gas left of the running frame while a handler has it. The interpreter keeps it in a local, sets it here before it
// calls a handler, and reads it back behind it: held here always, it was 1.08 times slower.

let left: i64 = 0;

// @ts-ignore: decorator
@inline
export function setGas(gas: i64): void {
  left = gas;
}

// @ts-ignore: decorator
@inline
export function currentGas(): i64 {
  return left;
}

/** Takes `amount` off the gas; false when there is less, and the frame is to halt. */
// @ts-ignore: decorator
@inline
export function charge(amount: i64): bool {
  left -= amount;
  return left >= 0;
}
