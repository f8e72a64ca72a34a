// Package publish turns a tree into objects and puts them where a CDN fetches
// them, in an order that no device is hurt by. It imports no command, no
// template and, but for s3store, no client of a store.
//
// A publish goes like this; each step has its function:
//
//  1. The definitions and an instant make a tree ([cairn/manifest.New]), and the
//     tree a [Site]: every key with its content and headers, encoded once
//     ([NewSite]). An [Edition] is a site with what publishes it.
//  2. [ReadState] reads what the last publish left below the prefix: an
//     [Inventory] of every object, who is at work, and what may still be in
//     doubt. [Inventory.Confirm] asks the store about what is in doubt. Where
//     there is no state, [Scan] makes the inventory from a listing.
//  3. [NewPlan] compares site and inventory. A [Plan] is a value: operations by
//     [Phase], each with its [Reason]. Inside a phase, what withdraws an offer
//     comes first.
//  4. [Edition.Propose] does steps 2 and 3, and gives a [Proposal]: a plan that
//     the guards ([Guard]) have measured ([Proposal.Trips]).
//  5. [Run] is the whole of it. It waits for its turn, takes the lease, writes
//     into the state that all that differs is in doubt, applies the plan
//     ([Plan.Apply]), and writes the state of what is there now. The lease is
//     asked before every write ([Checked]): who has lost it writes no more.
//
// The phases, in this order ([Phase]): payloads; the parts of the signed form,
// the keys that sign, and the signed head ([Signing]); answers in buckets that no
// device reads yet; the cohort index; version folders and _none; _other;
// deletions, at last of parts to which no head has led for a day. So at every
// instant, and after a crash at any point, no answer
// names a payload that is not there in full, no device is offered what it runs,
// and each device gets its old answer or its new one. A device that verifies
// sees all of the old answers or all of the new ones: the head is one object.
//
// Words: a bucket is a group of devices, by the first digits of a hash. An
// answer is what one of them is told, in several variants: a form (text, JSON,
// below) in an encoding. A folder is the answers of all buckets to devices that
// run one version. An object is doubtful if a publish that did not end may have
// changed it. A payload that no release names any more is unreferenced since
// then, until "cairn gc" removes it.
//
// A [Store] is a bucket or a folder; dirstore, s3store and memstore are three,
// and storetest holds them to one contract. review shows a plan to people,
// audit compares what is live with what should be, edge answers devices.
package publish
