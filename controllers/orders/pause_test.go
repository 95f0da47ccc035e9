// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"
	"time"
)

func TestAnOrderIsPutOffForAsLongAsTheAuthorityAsksOrLongerEachTime(t *testing.T) {
	tests := map[string]struct {
		before     int // how many in a row there were
		retryAfter time.Duration
		want       time.Duration
	}{
		"the first":                           {0, 0, time.Minute},
		"the third":                           {2, 0, 4 * time.Minute},
		"one of very many":                    {1 << 40, 0, time.Hour},
		"the first, with a time":              {0, 2 * time.Hour, 2 * time.Hour},
		"the first, with a short time":        {0, time.Second, time.Second},
		"the fourth, with a short time":       {3, time.Second, 8 * time.Second},
		"one of very many, with a short time": {1 << 40, time.Second, 30 * time.Second},
	}
	now := time.Now()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var earlier *pause
			if test.before > 0 {
				earlier = &pause{Until: now, Times: test.before, Fault: "before"}
			}
			got := earlier.again(now, test.retryAfter, "later")
			if wait := got.Until.Sub(now); wait != test.want || got.Times != test.before+1 || got.Fault != "later" {
				t.Errorf("the pause is %+v, of %s, want %s", got, wait, test.want)
			}
		})
	}
}
