// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/reason"
)

func TestTotalsKeepWhatForgottenSeriesCounted(t *testing.T) {
	m := NewMetrics()
	web, api := m.Series("shop/web", "shop/web"), m.Series("shop/api", "shop/api")
	m.Count(&Record{Series: web, Status: 200, Ended: time.Millisecond})
	m.Count(&Record{Series: web, Status: 500, Ended: time.Minute, Shard: 1})
	for range 10 { // more outcomes than one block has places for
		for status := 400; status < 410; status++ {
			m.Count(&Record{Series: api, Status: status, Ended: 3 * time.Second})
		}
	}
	m.Count(&Record{Series: api, Status: 502, Reason: reason.UpstreamReset, Ended: time.Second})
	m.Count(&Record{Status: 404, Reason: reason.RouteNotFound})
	before := m.Totals()
	want := Totals{Requests: 104, ServiceErrors: 1}
	want.Reasons[reason.None], want.Reasons[reason.UpstreamReset], want.Reasons[reason.RouteNotFound] = 102, 1, 1
	want.Durations[0], want.Durations[1], want.Durations[10], want.Durations[12] = 1, 1, 1, 100
	want.Durations[len(want.Durations)-1] = 1
	if before != want {
		t.Errorf("the totals are\n%+v, want\n%+v", before, want)
	}
	m.Settle(slices.Values([]*Series{web}), slices.Values([]*Series(nil)))
	if after := m.Totals(); after != want {
		t.Errorf("after a series was forgotten they are\n%+v, want\n%+v", after, want)
	}
}
