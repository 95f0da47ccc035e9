// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"hash/maphash"
	"iter"
	"maps"
)

// verdicts are those on all objects. They are immutable, and everybody reads them at any time. So they are divided into
// parts, and those with a few other verdicts share all other parts. Nil has none.
type verdicts struct {
	parts [verdictParts]map[objectKey]*Verdict
}

// verdictParts is how many parts there are. With 10,000 objects, each has a few dozen.
const verdictParts = 256

var verdictSeed = maphash.MakeSeed()

func partOf(key objectKey) int { return int(maphash.Comparable(verdictSeed, key) % verdictParts) }

// of returns the verdict on an object, nil if there is none.
func (v *verdicts) of(key objectKey) *Verdict {
	if v == nil {
		return nil
	}
	return v.parts[partOf(key)][key]
}

// all has all verdicts.
func (v *verdicts) all() iter.Seq2[objectKey, *Verdict] {
	return func(yield func(objectKey, *Verdict) bool) {
		if v == nil {
			return
		}
		for _, part := range v.parts {
			for key, verdict := range part {
				if !yield(key, verdict) {
					return
				}
			}
		}
	}
}

// with returns the verdicts with some others in their place.
func (v *verdicts) with(differing []difference) *verdicts {
	if v != nil && len(differing) == 0 {
		return v
	}
	next := new(verdicts)
	if v != nil {
		*next = *v
	}
	var own [verdictParts]bool // the parts that are not shared
	for _, d := range differing {
		part := partOf(d.objectKey)
		if !own[part] {
			own[part] = true
			if next.parts[part] = maps.Clone(next.parts[part]); next.parts[part] == nil {
				next.parts[part] = make(map[objectKey]*Verdict)
			}
		}
		if d.now == nil {
			delete(next.parts[part], d.objectKey)
		} else {
			next.parts[part][d.objectKey] = d.now
		}
	}
	return next
}
