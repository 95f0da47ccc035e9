// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"net/http"
	"time"

	"github.com/warren-dev/ingress/proxy/explanation"
)

// certificate is one that is served, as of now.
type certificate struct {
	explanation.Certificate
	// Days are those that it is valid for. They are negative if it has expired.
	Days float64 `json:"days"`
}

// certificates lists those that are served, the first to expire first.
func (d *Dashboard) certificates(now time.Time) []certificate {
	served := d.DataPlane.Certificates()
	list := make([]certificate, len(served))
	for i := range served {
		list[i] = certificate{served[i], float64(int(served[i].NotAfter.Sub(now).Hours()/2.4)) / 10}
	}
	return list
}

// serveOrders says how far the certificates are that are ordered, and what was ordered.
func (d *Dashboard) serveOrders(w http.ResponseWriter, r *http.Request) {
	orders, err := d.ControlPlane.Orders(r.Context())
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "%v", err)
		return
	}
	answer(w, orders)
}

func (d *Dashboard) serveCertificates(w http.ResponseWriter, _ *http.Request) {
	answer(w, d.certificates(time.Now()))
}
