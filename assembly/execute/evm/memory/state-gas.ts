// The second kind of gas: what the state's growth costs (EIP-8037), and the only place that knows how it is paid. It is
// paid from the transaction's reservoir, and where that is empty from the running frame's gas: that part has spilled.
// What is given back goes the same way back. All of it is 0 where the fork knows no state gas.

import {
  accountStateBytes, delegationStateBytes, slotStateBytes, stateByteGas, systemStateBytes, transactionGasCap,
} from "../rules/fork-rules";
import { charge, currentGas, setGas } from "./gas";
import { Checkpoint, Frame } from "./workspace";

/** What is left for state alone. */
let reservoir: i64 = 0;
/** Paid for the state so far, less what was given back. */
export let stateGas: i64 = 0;

/** Whether the fork has state gas. */
// @ts-ignore: decorator
@inline
export function hasStateGas(): bool {
  return stateByteGas != 0;
}

/** Begins a transaction that has `gas` after its intrinsic gas: what of it the outermost frame gets. */
export function beginStateGas(gas: i64, intrinsicGas: i64): i64 {
  stateGas = 0;
  const most = transactionGasCap - intrinsicGas;
  reservoir = hasStateGas() && gas > most ? gas - most : 0;
  return gas - reservoir;
}

/** Begins a call by the protocol, whose reservoir is apart from its gas. */
export function beginSystemStateGas(): void {
  stateGas = 0;
  reservoir = systemStateBytes * stateByteGas;
}

/** What is left of the reservoir. */
export function reservoirLeft(): i64 {
  return reservoir;
}

// @ts-ignore: decorator
@inline
export function chargeNewAccount(frame: u32): bool {
  return chargeState(frame, accountStateBytes);
}

// @ts-ignore: decorator
@inline
export function refillNewAccount(frame: u32): void {
  refillState(frame, accountStateBytes);
}

// @ts-ignore: decorator
@inline
export function chargeNewSlot(frame: u32): bool {
  return chargeState(frame, slotStateBytes);
}

// @ts-ignore: decorator
@inline
export function refillNewSlot(frame: u32): void {
  refillState(frame, slotStateBytes);
}

// @ts-ignore: decorator
@inline
export function chargeNewDelegation(frame: u32): bool {
  return chargeState(frame, delegationStateBytes);
}

/** Charges for `bytes` of new state; false when the gas does not suffice, and `frame` is to halt. */
export function chargeState(frame: u32, bytes: i64): bool {
  const amount = bytes * stateByteGas;
  const spills = amount > reservoir ? amount - reservoir : 0;
  if (!charge(spills)) return false;
  reservoir -= amount - spills;
  stateGas += amount;
  addSpilled(frame, spills);
  return true;
}

/** Gives back what `bytes` of new state cost: first to the gas of `frame`, as much as has spilled from it. */
function refillState(frame: u32, bytes: i64): void {
  const amount = bytes * stateByteGas;
  const spilled = load<i64>(frame, Frame.SPILLED);
  const back = amount < spilled ? amount : spilled;
  setGas(currentGas() + back);
  addSpilled(frame, -back);
  reservoir += amount - back;
  stateGas -= amount;
}

// @ts-ignore: decorator
@inline
function addSpilled(frame: u32, amount: i64): void {
  store<i64>(frame, load<i64>(frame, Frame.SPILLED) + amount, Frame.SPILLED);
}

/** What a frame that has failed gets back of its gas: all that has spilled. The reservoir has fallen back by then. */
export function takeSpilled(frame: u32): i64 {
  const spilled = load<i64>(frame, Frame.SPILLED);
  store<i64>(frame, 0, Frame.SPILLED);
  return spilled;
}

/** A callee has succeeded: what spilled there has spilled from its caller. What the reservoir repays of that. */
// @ts-ignore: decorator
@inline
export function joinSpilled(caller: u32, callee: u32): i64 {
  const spilled = load<i64>(caller, Frame.SPILLED) + load<i64>(callee, Frame.SPILLED);
  return spilled == 0 ? 0 : repay(caller, spilled);
}

function repay(caller: u32, spilled: i64): i64 {
  const back = reservoir < spilled ? reservoir : spilled;
  reservoir -= back;
  store<i64>(caller, spilled - back, Frame.SPILLED);
  return back;
}

/** Notes at `checkpoint` what there is when a frame begins. */
export function saveStateGas(checkpoint: u32): void {
  store<i64>(checkpoint, reservoir, Checkpoint.RESERVOIR);
  store<i64>(checkpoint, stateGas, Checkpoint.STATE_GAS);
}

/** Takes back what came after `checkpoint`. */
export function revertStateGas(checkpoint: u32): void {
  reservoir = load<i64>(checkpoint, Checkpoint.RESERVOIR);
  stateGas = load<i64>(checkpoint, Checkpoint.STATE_GAS);
}
