// SPDX-License-Identifier: Apache-2.0

package errorpage

import (
	"strconv"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Pages are the error pages of a route. They are immutable.
type Pages struct{ byStatus map[int]*Page }

// Page is a pool with the page for a status.
type Page struct {
	Pool *balance.Pool
	// Series counts what becomes of the requests for the page.
	Series *observe.Series
	// Path is what an endpoint is asked for.
	Path []byte
	// Handles is set if the service decides how the request is answered. See [snapshot.ErrorPage].
	Handles bool

	// code is the status as text.
	code []byte
	// fields go with the request for the page. replaced are their names in lower case.
	fields   []message.Field
	replaced []string
	// connect bounds the making of a connection, and request the whole exchange. 0 is no bound.
	connect, request time.Duration
	// maxConnections bounds the exchanges at each endpoint, those of requests included. 0 is no bound.
	maxConnections int
}

// New returns pages for no status.
func New() *Pages { return &Pages{byStatus: make(map[int]*Page)} }

// Add adds an error page of a route, before the first use of p.
func (p *Pages) Add(from *snapshot.ErrorPage, r *snapshot.Route, pool *balance.Pool, series *observe.Series) {
	like := Page{
		Pool: pool, Series: series, Handles: from.Handles, connect: r.Timeouts.Connect, request: r.Timeouts.Request,
		maxConnections: r.Balancing.MaxConnections,
	}
	for _, f := range from.Fields {
		name := []byte(f.Name)
		like.fields = append(like.fields, message.Field{Name: name, Value: []byte(f.Value), Kind: message.KindOf(name)})
		like.replaced = append(like.replaced, message.LowerName(f.Name))
	}
	for _, status := range from.Statuses {
		page, code := like, strconv.Itoa(status)
		page.code = []byte(code)
		page.Path = []byte(strings.ReplaceAll(from.Path, snapshot.StatusInPath, code))
		p.byStatus[status] = &page
	}
}

// For returns the page for a status, or nil.
func (p *Pages) For(status int) *Page {
	if p == nil || status < snapshot.FirstErrorStatus {
		return nil
	}
	return p.byStatus[status]
}
