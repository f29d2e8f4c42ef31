// The deliberate bugs that the model build can switch on. The suite must catch every one of them.

export abstract class Fault {
  /** Deque: the last item is taken by its owner without a compare-and-swap. */
  static readonly DEQUE_LAST_ITEM_WITHOUT_SWAP: u32 = 1;
  /** Deque: a thief reads BOTTOM before TOP. */
  static readonly DEQUE_BOTTOM_BEFORE_TOP: u32 = 2;
  /** Deque: the owner publishes BOTTOM before it has written the item. */
  static readonly DEQUE_PUBLISH_BEFORE_ITEM: u32 = 3;
  /** Deque: the owner reads TOP before it has lowered BOTTOM. */
  static readonly DEQUE_POP_READS_TOP_FIRST: u32 = 4;
  /** A record is attached with a plain store instead of a compare-and-swap. */
  static readonly ATTACH_WITHOUT_SWAP: u32 = 5;
  /** The versions of the incarnation before stay as they are. */
  static readonly OLD_VERSIONS_NOT_KILLED: u32 = 6;
  /** A reader goes to sleep without looking at its blocker again, and the head rule does not wake it. */
  static readonly LOST_WAKE: u32 = 7;
  /** A version is linked with a plain store: a concurrent insertion is lost. */
  static readonly LINK_WITHOUT_SWAP: u32 = 8;
  /** The head is committed on the strength of an outdated stamp. */
  static readonly STALE_STAMP: u32 = 9;
  /** A transaction is EXECUTED before its versions are linked. */
  static readonly EXECUTED_BEFORE_LINKED: u32 = 10;
  /** A commit that does not compare the incarnation. */
  static readonly COMMIT_WITHOUT_SWAP: u32 = 11;
  /** An abort leaves the versions LIVE. */
  static readonly ABORT_WITHOUT_ESTIMATES: u32 = 12;
  /** Two workers may begin the same incarnation. */
  static readonly CLAIM_WITHOUT_SWAP: u32 = 13;
  /** The owner of a dead worker's transaction is not looked at: nobody reclaims it. */
  static readonly DEAD_NOT_RECLAIMED: u32 = 14;
  /** A reclaimed publication keeps its versions LIVE and readable. */
  static readonly RECLAIM_WITHOUT_KILL: u32 = 15;
  /** Storage reads ignore resets of the account. */
  static readonly RESET_IGNORED: u32 = 16;
  /** The location table takes a tag for a key. */
  static readonly TAG_IS_IDENTITY: u32 = 17;
  /** A location is published in the table before its key is filled in. */
  static readonly LOCATION_BEFORE_KEY: u32 = 18;
  /** A credit is written as an absolute value. */
  static readonly CREDIT_IS_ABSOLUTE: u32 = 19;
  /** A predicate's answer is not recorded as a read. */
  static readonly PREDICATE_NOT_RECORDED: u32 = 20;
  /** The clock of a validation is read after it instead of before. */
  static readonly STAMP_AFTER_VALIDATION: u32 = 21;
  /** The commit index is stored, not swapped: it can move backwards. */
  static readonly COMMIT_INDEX_WITHOUT_SWAP: u32 = 22;
  /** An attempt goes by the status as it reads it, not by the one that its claim left. */
  static readonly STATUS_READ_AGAIN: u32 = 23;
  /** The clock of a publication moves before its versions are linked. */
  static readonly CLOCK_BEFORE_LINKED: u32 = 24;
  /** The clock that stamps are compared with is raised after the commit index. */
  static readonly COMMIT_CLOCK_AFTER_INDEX: u32 = 25;
  /** Those who wait are taken off the list before the transaction is EXECUTED. */
  static readonly WAITERS_TAKEN_FIRST: u32 = 26;
  /** Who reclaims a publication leaves the versions that it was to replace. */
  static readonly RECLAIM_KEEPS_PREVIOUS: u32 = 27;
  /** A recovered sender is published before its bytes are there. */
  static readonly SENDER_BEFORE_BYTES: u32 = 28;
  /** Who begins to recover a sender leaves a mark in its place, which others take for the answer. */
  static readonly SENDER_MARKED_FIRST: u32 = 29;
  /** A list's head of an earlier block is taken for one of this block. */
  static readonly EPOCH_IGNORED: u32 = 30;
  /** A version is linked in front of a list of an earlier block. */
  static readonly LINK_TO_OLD_LIST: u32 = 31;
  /** Slots of an account whose storage an earlier block emptied keep their values. */
  static readonly GENERATION_IGNORED: u32 = 32;
  /** A transaction sees what other lanes wrote. */
  static readonly LANES_IGNORED: u32 = 33;
  /** What a location holds is the version of whoever folds, not the final one. */
  static readonly FOLD_OWN_VERSION: u32 = 34;
  /** Sums of credits are folded as they are: adding them again adds them twice. */
  static readonly FOLD_ADDS_AGAIN: u32 = 35;
  /** A location that a dead worker has begun to fold counts as folded. */
  static readonly FOLD_CLAIM_COUNTS: u32 = 36;
  /** A share counts as folded before it is. */
  static readonly FOLD_COUNTED_FIRST: u32 = 37;
  /** Folding an emptied account leaves its slots. */
  static readonly RESET_NOT_FOLDED: u32 = 38;
  /** What was folded counts as something that the source can give again. */
  static readonly FOLD_LEAVES_CLEAN: u32 = 39;
  /** What is kept of a location does not say which block gave its value, or emptied the account. */
  static readonly KEPT_WITHOUT_GENERATION: u32 = 40;
  /** A value that is put back stays that of the block that has overwritten it. */
  static readonly RESTORE_KEEPS_GENERATION: u32 = 41;
  /** No transaction of a lane is validated, except for those of the first lane. */
  static readonly LANE_UNVALIDATED: u32 = 42;
  /** Credits are made absolute with those of other lanes. */
  static readonly LANE_CREDITS_MIXED: u32 = 43;
  /** What was announced of a transaction stays when it has published something else. */
  static readonly ANNOUNCED_SURVIVES: u32 = 44;
  static readonly LAST: u32 = 44;
}
