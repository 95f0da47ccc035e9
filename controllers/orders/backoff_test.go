// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"
	"time"
)

const day = 24 * time.Hour

func TestTheWaitAfterFailuresDoublesFromAMinuteTo32Hours(t *testing.T) {
	tests := map[string]struct {
		failures                   int32
		retryAfter, lifetime, want time.Duration
	}{
		"the first":                       {1, 0, 0, time.Minute},
		"the fourth":                      {4, 0, 0, 8 * time.Minute},
		"the eleventh":                    {11, 0, 0, 1024 * time.Minute},
		"the twelfth":                     {12, 0, 0, 32 * time.Hour},
		"the thousandth":                  {1000, 0, 0, 32 * time.Hour},
		"an authority that asks for more": {1, time.Hour, 0, time.Hour},
		"an authority that asks for less": {2, time.Second, 0, 2 * time.Minute},
		"the first of 90 seconds":         {1, 0, 90 * time.Second, 1500 * time.Millisecond},
		"the tenth of 90 seconds":         {10, 0, 90 * time.Second, 15 * time.Second},
		"the first of 12 hours":           {1, 0, 12 * time.Hour, time.Minute},
		"the tenth of 12 hours":           {10, 0, 12 * time.Hour, 2 * time.Hour},
		"the twelfth of 90 days":          {12, 0, 90 * day, 32 * time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := backoff(test.failures, test.retryAfter, test.lifetime); got != test.want {
				t.Errorf("wait %s, want %s", got, test.want)
			}
		})
	}
}
