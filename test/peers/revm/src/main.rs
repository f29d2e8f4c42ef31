//! Executes blocks with revm, one transaction after the other, and says how long that took and what gas it used.
//!
//! Lines on standard input are commands, each is answered by one line of JSON on standard output:
//! `load PATH` reads a block with the state before it (see test/bench/revm.ts), `run` executes it on that state.

use std::io::{BufRead, Write};
use std::time::Instant;

use revm::context::{BlockEnv, Context, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::context_interface::transaction::{AccessList, SignedAuthorization};
use revm::database::{CacheDB, EmptyDB, WrapDatabaseRef};
use revm::primitives::{hardfork::SpecId, Address, Bytes, TxKind, U256};
use revm::state::{AccountInfo, Bytecode};
use revm::{ExecuteEvm, MainBuilder, MainContext, SystemCallEvm};
use serde_json::{json, Value};

struct Job {
    spec: SpecId,
    chain_id: u64,
    block: BlockEnv,
    transactions: Vec<TxEnv>,
    /// Contracts that the protocol calls before and after the transactions, with their input.
    before: Vec<(Address, Bytes)>,
    after: Vec<(Address, Bytes)>,
    state: CacheDB<EmptyDB>,
}

fn main() {
    let mut job = None;
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input");
        let answer = match line.split_once(' ') {
            Some(("load", path)) => {
                let text = std::fs::read_to_string(path).expect("the file of the block");
                job = Some(read(&serde_json::from_str(&text).expect("JSON")));
                json!({ "loaded": true })
            }
            _ if line == "run" => run(job.as_ref().expect("load comes first")),
            _ => json!({ "error": format!("unknown command {line:?}") }),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}").and_then(|()| out.flush()).expect("standard output");
    }
}

/// From the first call of the protocol to the state after the block, which is one map; nothing is written anywhere.
fn run(job: &Job) -> Value {
    let transactions = job.transactions.clone();
    let mut evm = Context::mainnet()
        .with_db(WrapDatabaseRef(&job.state))
        .with_block(job.block.clone())
        .modify_cfg_chained(|cfg| {
            cfg.set_spec_and_mainnet_gas_params(job.spec);
            cfg.chain_id = job.chain_id;
        })
        .build_mainnet();
    let mut gas = Vec::with_capacity(transactions.len());
    let start = Instant::now();
    for (address, data) in &job.before {
        evm.system_call_one(*address, data.clone()).expect("a call of the protocol");
    }
    for (index, transaction) in transactions.into_iter().enumerate() {
        match evm.transact_one(transaction) {
            Ok(result) => gas.push(result.tx_gas_used()),
            Err(error) => return json!({ "error": format!("transaction {index}: {error:?}") }),
        }
    }
    for (address, data) in &job.after {
        evm.system_call_one(*address, data.clone()).expect("a call of the protocol");
    }
    let state = evm.finalize();
    let duration = start.elapsed();
    json!({ "ms": duration.as_secs_f64() * 1e3, "accounts": state.len(), "gas": gas })
}

fn read(file: &Value) -> Job {
    let spec = file["spec"].as_str().expect("spec").parse().unwrap_or_else(|_| panic!("spec {}", file["spec"]));
    Job {
        spec,
        chain_id: number(&file["chainId"]),
        block: block(&file["block"]),
        transactions: list(&file["transactions"]).iter().map(transaction).collect(),
        before: list(&file["before"]).iter().map(call).collect(),
        after: list(&file["after"]).iter().map(call).collect(),
        state: state(file),
    }
}

fn block(value: &Value) -> BlockEnv {
    BlockEnv {
        number: parse(&value["number"]),
        beneficiary: parse(&value["beneficiary"]),
        timestamp: parse(&value["timestamp"]),
        gas_limit: number(&value["gasLimit"]),
        basefee: optional(&value["baseFee"], number).unwrap_or(0),
        difficulty: parse(&value["difficulty"]),
        prevrandao: optional(&value["prevRandao"], parse),
        blob_excess_gas_and_price: optional(&value["excessBlobGas"], |excess| BlobExcessGasAndPrice {
            excess_blob_gas: number(excess),
            blob_gasprice: wide(&value["blobGasPrice"]),
        }),
        ..BlockEnv::default()
    }
}

fn transaction(value: &Value) -> TxEnv {
    TxEnv {
        tx_type: number(&value["type"]) as u8,
        caller: parse(&value["from"]),
        gas_limit: number(&value["gas"]),
        gas_price: wide(&value["gasPrice"]),
        kind: optional(&value["to"], parse).map_or(TxKind::Create, TxKind::Call),
        value: parse(&value["value"]),
        data: parse(&value["input"]),
        nonce: number(&value["nonce"]),
        chain_id: optional(&value["chainId"], number),
        access_list: optional(&value["accessList"], whole::<AccessList>).unwrap_or_default(),
        gas_priority_fee: optional(&value["priorityFee"], wide),
        blob_hashes: optional(&value["blobHashes"], whole).unwrap_or_default(),
        max_fee_per_blob_gas: optional(&value["blobFee"], wide).unwrap_or(0),
        authorization_list: optional(&value["authorizations"], whole::<Vec<SignedAuthorization>>)
            .unwrap_or_default()
            .into_iter()
            .map(revm::context_interface::either::Either::Left)
            .collect(),
    }
}

fn state(file: &Value) -> CacheDB<EmptyDB> {
    let mut state = CacheDB::new(EmptyDB::default());
    for (address, account) in file["accounts"].as_object().expect("accounts") {
        let address: Address = address.parse().expect("an address");
        let code = optional(&account["code"], parse::<Bytes>).map(Bytecode::new_raw);
        let info = AccountInfo {
            balance: parse(&account["balance"]),
            nonce: number(&account["nonce"]),
            code_hash: code.as_ref().map_or(revm::primitives::KECCAK_EMPTY, Bytecode::hash_slow),
            code,
            ..AccountInfo::default()
        };
        state.insert_account_info(address, info);
        for (slot, value) in account["storage"].as_object().into_iter().flatten() {
            let slot: U256 = slot.parse().expect("a slot");
            state.insert_account_storage(address, slot, parse(value)).expect("nothing below can fail");
        }
    }
    for (number, hash) in file["blockHashes"].as_object().into_iter().flatten() {
        let number: U256 = number.parse().expect("the number of a block");
        state.cache.block_hashes.insert(number, parse(hash));
    }
    state
}

fn call(value: &Value) -> (Address, Bytes) {
    (parse(&value["to"]), parse(&value["input"]))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// What hex digits say.
fn parse<T: std::str::FromStr>(value: &Value) -> T {
    let text = value.as_str().unwrap_or_else(|| panic!("expected hex, got {value}"));
    text.parse().unwrap_or_else(|_| panic!("expected hex, got {text}"))
}

fn number(value: &Value) -> u64 {
    parse::<U256>(value).to()
}

fn wide(value: &Value) -> u128 {
    parse::<U256>(value).to()
}

fn whole<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
}

fn optional<'a, T>(value: &'a Value, read: impl FnOnce(&'a Value) -> T) -> Option<T> {
    (!value.is_null()).then(|| read(value))
}
