// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"

	"github.com/warren-dev/ingress/controllers/acme"
)

func TestTheNextStepFollowsFromWhatIsKept(t *testing.T) {
	in := func(status acme.OrderStatus, authorized, visible bool) *attempt {
		return &attempt{Tried: true, Order: acme.Order{URL: "https://acme.test/order", Status: status}, Authorized: authorized, Visible: visible}
	}
	tests := map[string]struct {
		of   *attempt
		want string
	}{
		"nothing":                        {nil, "beginning an attempt"},
		"an attempt":                     {&attempt{}, "trying how challenges are answered"},
		"one whose trial is over":        {&attempt{Tried: true}, "entering the order into the ledger"},
		"one that the ledger has":        {&attempt{Tried: true, Entered: true}, "placing the order"},
		"one that is about to be placed": {&attempt{Tried: true, Placing: true}, "placing the order"},
		"an order":                       {in(acme.OrderPending, false, false), "making the answers"},
		"answers":                        {in(acme.OrderPending, true, false), "presenting the answers"},
		"answers that were seen":         {in(acme.OrderPending, true, true), "proving the hosts"},
		"a status that nobody knows":     {in("deactivated", true, true), "proving the hosts"},
		"an order without open hosts":    {in(acme.OrderReady, false, false), "finalizing the order"},
		"proven hosts":                   {in(acme.OrderReady, true, true), "finalizing the order"},
		"a request":                      {in(acme.OrderProcessing, true, true), "awaiting the certificate"},
		"a certificate":                  {in(acme.OrderValid, true, true), "downloading the certificate"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, s := range steps() {
				if s.due(test.of) {
					if s.name != test.want {
						t.Errorf("the next step is %s, want %s", s.name, test.want)
					}
					return
				}
			}
			t.Error("no step follows")
		})
	}
}
