// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/warren-dev/ingress/dashboard/control"
	"github.com/warren-dev/ingress/proxy/explain"
)

const (
	// overviewEvery is how often the overview is sent to whoever follows it.
	overviewEvery = 2 * time.Second
	// certificatesShown is how many certificates the overview has.
	certificatesShown = 8
	// recently is the time that the figures of now are about, at least.
	recently = 10 * time.Second
)

// Overview is what there is to see first.
type Overview struct {
	Now time.Time `json:"now"`
	// Replica is the name of the one that answers, and Since when it began.
	Replica string              `json:"replica"`
	Version string              `json:"version"`
	Since   time.Time           `json:"since"`
	Serving explain.RouteStates `json:"serving"`
	// Recent is what requests came to in the last ten to twenty seconds, and Last15 in the last 15 minutes.
	Recent       Period        `json:"recent"`
	Last15       Period        `json:"last15Minutes"`
	History      History       `json:"history"`
	Certificates []certificate `json:"certificates"`
	// CertificateCount is how many certificates there are, also those that are not shown.
	CertificateCount int  `json:"certificateCount"`
	Flow             Flow `json:"flow"`
	// Replicas are those that take requests. It is empty without a cluster.
	Replicas []control.Replica `json:"replicas,omitempty"`
}

func (d *Dashboard) overview() Overview {
	points := d.history.all()
	now := historyPoint{time.Now(), d.Totals()}
	began := &points[0]
	for i := range points {
		if now.at.Sub(points[i].at) >= recently {
			began = &points[i]
		}
	}
	o := Overview{
		Now: now.at.UTC(), Replica: d.Replica, Version: d.Version, Since: d.began.UTC(), Serving: d.DataPlane.RouteStates(),
		Recent: periodOf(began, &now), Last15: periodOf(&points[0], &now), History: reportOf(append(points, now)), Certificates: d.certificates(now.at),
	}
	slices.SortStableFunc(o.History.Reasons, func(a, b ReasonCount) int { return cmp.Compare(b.Requests, a.Requests) })
	o.CertificateCount = len(o.Certificates)
	o.Certificates = o.Certificates[:min(len(o.Certificates), certificatesShown)]
	o.Flow = d.flow(&o.Serving)
	o.Replicas = d.ControlPlane.Replicas()
	return o
}

func (d *Dashboard) serveOverview(w http.ResponseWriter, _ *http.Request) { answer(w, d.overview()) }

// followOverview sends the overview again and again, each as an event.
func (d *Dashboard) followOverview(w http.ResponseWriter, r *http.Request) {
	out, next := begin(w), time.NewTicker(overviewEvery)
	defer next.Stop()
	for {
		text, err := encode(d.overview(), "")
		if err != nil {
			return
		}
		if out.add("", text); !out.send() {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-next.C:
		}
	}
}
