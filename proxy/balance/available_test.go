// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestWhichMembersOfAPoolAreAvailable(t *testing.T) {
	t.Parallel()
	up, unknown, sick, off := standing{takes: true, health: snapshot.Healthy}, standing{takes: true}, standing{takes: true, health: snapshot.Unhealthy}, standing{health: snapshot.Healthy}
	out := func(since time.Duration) standing {
		return standing{takes: true, health: snapshot.Healthy, ejected: since}
	}
	for name, test := range map[string]struct {
		members []standing
		want    []bool
	}{
		"none":                               {nil, []bool{}},
		"all healthy":                        {[]standing{up, up}, []bool{true, true}},
		"those that take none":               {[]standing{up, off, sick}, []bool{true, false, false}},
		"unknown beside healthy":             {[]standing{up, unknown}, []bool{true, false}},
		"all unknown":                        {[]standing{unknown, unknown}, []bool{true, true}},
		"unknown beside unhealthy":           {[]standing{unknown, sick}, []bool{true, false}},
		"unknown beside one that takes none": {[]standing{unknown, off}, []bool{true, false}},
		"all unhealthy":                      {[]standing{sick, sick}, []bool{false, false}},
		"the only one ejected":               {[]standing{out(1)}, []bool{true}},
		"the only healthy one ejected":       {[]standing{out(1), sick, unknown}, []bool{true, false, false}},
		"one of two ejected":                 {[]standing{up, out(1)}, []bool{true, false}},
		"two of two, the first stays out":    {[]standing{out(2), out(1)}, []bool{true, false}},
		"three of four, no more than half":   {[]standing{out(3), out(1), up, out(2)}, []bool{true, false, true, false}},
		"half is of those that may take any": {[]standing{out(1), out(2), up, sick, off}, []bool{false, true, true, false, false}},
	} {
		if diff := cmp.Diff(test.want, available(test.members)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
