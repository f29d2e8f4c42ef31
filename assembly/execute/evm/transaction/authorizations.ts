// EIP-7702: the delegations that a transaction of type 4 sets before it runs.

import { EvmAuthorization, EvmBlock, EvmTransaction } from "../../../layout";
import { keccak256 } from "../../../base/keccak256";
import { isMalleable } from "../../../base/secp256k1";
import * as u256 from "../../../base/u256";
import { addCode } from "../../../store/code-store";
import { authorizationRefund } from "../rules/fork-rules";
import { block, transaction } from "../memory/context";
import { exhaust } from "../memory/failure";
import { Temporary, temporary } from "../memory/workspace";
import { accountOf } from "../state/accounts";
import { delegationIn } from "../state/code";
import { addRefund } from "../state/effects";
import { Answer, NO_CODE, codeOf, isAbsent, nonceOf, setCodeHash, setNonce, touchWarm } from "../state/world";
import { ecrecover } from "../precompiles/ecrecover";
import { beginRlp, prependByte, prependBytes, prependInteger, prependListHeader, prependNumber, rlpStart } from "./rlp";

const MAGIC: u32 = 0x05;

/** Applies all authorisations, passing over those that are not valid; false when the attempt must end. */
export function applyAuthorizations(): bool {
  const count = load<u32>(transaction, EvmTransaction.AUTHORIZATION_COUNT);
  const list = transaction + load<u32>(transaction, EvmTransaction.AUTHORIZATIONS);
  for (let at: u32 = 0; at < count; at++) {
    if (!apply(list + at * EvmAuthorization.SIZE)) return false;
  }
  return true;
}

function apply(authorization: u32): bool {
  const chain = authorization + EvmAuthorization.CHAIN_ID;
  if (!u256.isZero(chain) && !u256.equal(chain, block + EvmBlock.CHAIN_ID)) return true;
  const nonce = load<u64>(authorization, EvmAuthorization.NONCE);
  if (nonce == u64.MAX_VALUE) return true;
  const address = temporary + Temporary.ADDRESS;
  if (!recover(address, authorization)) return true;
  const authority = accountOf(address);
  if (authority == 0) return exhaust();
  if (touchWarm(authority) == Answer.FAILED) return false;
  const record = codeOf(authority);
  if (record == 0) return false;
  if (record != NO_CODE && delegationIn(record) == 0) return true;
  const current = nonceOf(authority);
  if (current == 0) return false;
  if (load<u64>(current) != nonce) return true;
  const absent = isAbsent(authority);
  if (absent == Answer.FAILED) return false;
  if (absent == Answer.NO) addRefund(authorizationRefund);
  return delegate(authority, authorization + EvmAuthorization.ADDRESS) && setNonce(authority, nonce + 1);
}

/** Sets the account's code to the designation of the 20 bytes at `target`, or to nothing for the zero address. */
function delegate(authority: u32, target: u32): bool {
  if (load<u64>(target) == 0 && load<u64>(target, 8) == 0 && load<u32>(target, 16) == 0) {
    return setCodeHash(authority, temporary + Temporary.ZERO);
  }
  const code = temporary + Temporary.BYTES;
  store<u32>(code, 0x0001ef);
  memory.copy(code + 3, target, 20);
  const hash = temporary + Temporary.HASH;
  keccak256(hash, code, 23);
  return addCode(hash, code, 23) ? setCodeHash(authority, hash) : exhaust();
}

/** Recovers who signed keccak256(0x05 ‖ rlp([chain id, address, nonce])), or takes who will. */
function recover(out: u32, authorization: u32): bool {
  const parity = load<u32>(authorization, EvmAuthorization.Y_PARITY);
  if (parity == EvmAuthorization.GIVEN) {
    memory.copy(out, authorization + EvmAuthorization.R, 20);
    return true;
  }
  if (parity > 1) return false;
  if (isMalleable(authorization + EvmAuthorization.S)) return false;
  const input = temporary + Temporary.BYTES + 128; // what is signed, of at most 66 bytes, ends here
  beginRlp(input);
  prependInteger(load<u64>(authorization, EvmAuthorization.NONCE));
  prependBytes(authorization + EvmAuthorization.ADDRESS, 20);
  prependNumber(authorization + EvmAuthorization.CHAIN_ID);
  prependListHeader(input);
  prependByte(MAGIC);
  keccak256(input, rlpStart, input - rlpStart);
  memory.fill(input + 32, 0, 32);
  store<u8>(input, u8(27 + parity), 63);
  memory.copy(input + 64, authorization + EvmAuthorization.R, 64);
  if (!ecrecover(input, input, 128)) return false;
  memory.copy(out, input + 12, 20);
  return true;
}
