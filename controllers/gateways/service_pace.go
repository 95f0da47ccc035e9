// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

const (
	// rewritesAtOnce is how often an object is written back at once that others change.
	rewritesAtOnce = 5
	// Then it is written back after rewriteFirst, and each time after twice as long, up to rewriteLimit.
	rewriteFirst = 2 * time.Second
	rewriteLimit = 5 * time.Minute
	// rewriteCalm is how long nobody has to change it until it is written back at once again.
	rewriteCalm = 10 * time.Minute
)

// rewrites knows how often objects of one kind were written that were not to be other than before: somebody else
// changes them. Two that change an object in turns would do so without an end.
type rewrites map[types.NamespacedName]*rewrite

type rewrite struct {
	// plan is what the object was to be.
	plan  any
	count int
	last  time.Time
}

// wait returns how long an object must not be written yet. What is new in the plan does not wait.
func (w rewrites) wait(name types.NamespacedName, plan any, now time.Time) time.Duration {
	of := w[name]
	if of == nil || of.count < rewritesAtOnce || !reflect.DeepEqual(of.plan, plan) {
		return 0
	}
	pause := rewriteLimit
	if doublings := of.count - rewritesAtOnce; doublings < 8 {
		pause = min(rewriteFirst<<doublings, rewriteLimit)
	}
	return max(0, of.last.Add(pause).Sub(now))
}

// wrote notes that an object was written.
func (w rewrites) wrote(name types.NamespacedName, plan any, now time.Time) {
	of := w[name]
	if of == nil || !reflect.DeepEqual(of.plan, plan) || now.Sub(of.last) > rewriteCalm {
		of = &rewrite{plan: plan}
		w[name] = of
	}
	of.count, of.last = of.count+1, now
}
