// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"
)

// Changes are what differs between two snapshots. They point into both.
type Changes struct {
	Hosts     []Change[Host]
	Listeners []ListenerChange
	Pools     []Change[Pool]
	Checks    []Change[Check]
	// Certificates is nil if the lists are the same.
	Certificates *CertificatesChange
	// Challenges and Unserved are set if the lists differ.
	Challenges, Unserved bool
}

// Change is something that is in two snapshots and differs, or that is in one of them alone.
type Change[T any] struct {
	// Before is nil for what is new. After is nil for what is gone.
	Before, After *T
}

// ListenerChange is a listener that differs. An address that another owner has is one listener that is gone, and a new
// one.
type ListenerChange struct {
	Change[Listener]
	// Hosts are the hosts of the listener that differ. If it is new or gone, those are all.
	Hosts []Change[Host]
	// Names is set if its Names differ.
	Names bool
}

// CertificatesChange is the part of the lists of certificates between those that are the same at the beginning and at
// the end.
type CertificatesChange struct {
	// First is where it begins, in both lists.
	First         int
	Before, After []Certificate
}

// gone has the ids of the certificates that are not in the later list.
func (c *CertificatesChange) gone() map[string]bool {
	if c == nil {
		return nil
	}
	gone := make(map[string]bool)
	for i := range c.Before {
		gone[c.Before[i].ID] = true
	}
	for i := range c.After {
		delete(gone, c.After[i].ID)
	}
	return gone
}

// None says whether the snapshots mean the same.
func (c *Changes) None() bool {
	return len(c.Hosts)+len(c.Listeners)+len(c.Pools)+len(c.Checks) == 0 && c.Certificates == nil && !c.Challenges && !c.Unserved
}

// Compare returns what of a snapshot is not as in another one, which was before it. That one has passed
// [Snapshot.Inspect]. Compare returns the error that Inspect returns.
//
// It compares the memory first: a list that both snapshots have in common is not looked into. So does every Equal of
// this package. It looks for mistakes in what is changed, and in what depends on that.
func Compare(before, after *Snapshot) (*Changes, error) {
	c, err := new(Changes), error(nil)
	if c.Checks, err = CompareChecks(before.Checks, after.Checks); err != nil {
		return nil, err
	}
	c.Pools, err = compareLists("pool", before.Pools, after.Pools, func(p *Pool) string { return p.ID }, (*Pool).equal)
	if err == nil {
		err = after.inspectChecked(c)
	}
	if err != nil {
		return nil, err
	}
	if c.Hosts, err = compareHosts(before.Hosts, after.Hosts); err != nil {
		return nil, err
	}
	c.Certificates = compareCertificates(before.Certificates, after.Certificates)
	if err := c.compareListeners(before, after); err != nil {
		return nil, err
	}
	if c.Challenges = !slices.Equal(before.Challenges, after.Challenges); c.Challenges {
		err = after.inspectChallenges()
	}
	c.Unserved = !equalLists(before.Unserved, after.Unserved, (*Unserved).equal)
	return c, err
}

// CompareChecks returns what of a list of checks is not as in another one. Both are sorted by id. It returns an error
// if the later one is not, or if a check in it makes no sense.
func CompareChecks(before, after []Check) ([]Change[Check], error) {
	changes, err := compareLists("check", before, after, func(c *Check) string { return c.ID }, (*Check).equal)
	for i := range changes {
		if c := changes[i].After; c != nil && err == nil {
			err = c.inspect()
		}
	}
	return changes, err
}

func compareHosts(before, after []Host) ([]Change[Host], error) {
	return compareLists("host", before, after, func(h *Host) string { return h.Name }, (*Host).equal)
}

// compareLists returns what of a list is not as in the one before. Both are sorted by name. It returns an error if the
// later one is not. Each of two neighbours that are not in order differs from what the list before has, or follows
// something that does: so no others are looked at.
func compareLists[T any](what string, before, after []T, name func(*T) string, equal func(a, b *T) bool) (changes []Change[T], err error) {
	if sameMemory(before, after) {
		return nil, nil
	}
	ordered := func(j int) {
		if j > 0 && err == nil {
			err = inOrder(what, name(&after[j-1]), name(&after[j]))
		}
	}
	changed := false // The one before j in after differs.
	for i, j := 0, 0; i < len(before) || j < len(after); {
		if n := sameRun(before[i:], after[j:]); n > 0 {
			if changed {
				ordered(j)
			}
			changed = false
			i, j = i+n, j+n
			continue
		}
		if i < len(before) && j < len(after) && equal(&before[i], &after[j]) {
			if changed {
				ordered(j)
			}
			changed = false
			i, j = i+1, j+1
			continue
		}
		var c Change[T]
		order := 0
		switch {
		case i == len(before):
			order = 1
		case j == len(after):
			order = -1
		default:
			order = strings.Compare(name(&before[i]), name(&after[j]))
		}
		if order <= 0 {
			c.Before = &before[i]
			i++
		}
		if order >= 0 {
			c.After = &after[j]
			ordered(j)
			changed = true
			j++
		}
		changes = append(changes, c)
	}
	return changes, err
}

func (c *Changes) compareListeners(before, after *Snapshot) error {
	for i, j := 0, 0; i < len(before.Listeners) || j < len(after.Listeners); {
		var of ListenerChange
		order := 0
		switch {
		case i == len(before.Listeners):
			order = 1
		case j == len(after.Listeners):
			order = -1
		default:
			order = before.Listeners[i].Address.Compare(after.Listeners[j].Address)
		}
		if order <= 0 {
			of.Before = &before.Listeners[i]
			i++
		}
		if order >= 0 {
			of.After = &after.Listeners[j]
			if err := after.inspectListener(j); err != nil {
				return err
			}
			j++
		}
		if of.Before != nil && of.After != nil && of.Before.Owner != of.After.Owner {
			gone := ListenerChange{Change: Change[Listener]{Before: of.Before}}
			of.Before = nil
			if err := c.compareListener(gone); err != nil {
				return err
			}
		}
		if err := c.compareListener(of); err != nil {
			return err
		}
	}
	return after.inspectNames(c)
}

// compareListener notes what differs of a listener, if anything does.
func (c *Changes) compareListener(of ListenerChange) error {
	var none Listener
	before, after := of.Before, of.After
	if before == nil {
		before = &none
	}
	if after == nil {
		after = &none
	}
	var err error
	if of.Hosts, err = compareHosts(before.Hosts, after.Hosts); err == nil {
		err = inspectAsking(of.Hosts)
	}
	if err != nil {
		return fmt.Errorf("listener %q: %w", after.Address, err)
	}
	of.Names = !equalLists(before.Names, after.Names, (*ServedName).equal)
	if len(of.Hosts) > 0 || of.Names || !before.equalHead(after) {
		c.Listeners = append(c.Listeners, of)
	}
	return nil
}

func compareCertificates(before, after []Certificate) *CertificatesChange {
	if equalLists(before, after, (*Certificate).equal) {
		return nil
	}
	first, shorter := 0, min(len(before), len(after))
	for first < shorter {
		if n := sameRun(before[first:], after[first:]); n > 0 {
			first += n
			continue
		}
		if !before[first].equal(&after[first]) {
			break
		}
		first++
	}
	before, after, shorter = before[first:], after[first:], shorter-first
	for shorter > 0 && before[len(before)-1].equal(&after[len(after)-1]) {
		before, after, shorter = before[:len(before)-1], after[:len(after)-1], shorter-1
	}
	return &CertificatesChange{first, before, after}
}

// run is how many elements of a list are compared at once.
const run = 64

// sameRun returns how many elements two lists have in common at their beginning, run or none. It compares their bytes.
// Elements whose bytes are the same are equal. Others may be, too.
func sameRun[T any](a, b []T) int {
	if len(a) < run || len(b) < run || string(bytesOf(a[:run])) != string(bytesOf(b[:run])) {
		return 0
	}
	return run
}

func bytesOf[T any](list []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(list))), len(list)*int(unsafe.Sizeof(list[0])))
}

// sameMemory says whether two lists are one, as far as that can be seen without looking into them.
func sameMemory[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || unsafe.SliceData(a) == unsafe.SliceData(b))
}

// equalLists says whether two lists have equal elements, in the same order.
func equalLists[T any](a, b []T, equal func(a, b *T) bool) bool {
	if len(a) != len(b) {
		return false
	}
	if sameMemory(a, b) {
		return true
	}
	for i := 0; i < len(a); {
		if n := sameRun(a[i:], b[i:]); n > 0 {
			i += n
			continue
		}
		if !equal(&a[i], &b[i]) {
			return false
		}
		i++
	}
	return true
}

// equalValues is equalLists for values that == compares.
func equalValues[T comparable](a, b []T) bool { return sameMemory(a, b) || slices.Equal(a, b) }
