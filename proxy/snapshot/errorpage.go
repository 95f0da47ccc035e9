// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/policy"
)

// ErrorPage is a pool with a page for responses with certain statuses, whether they are an endpoint's or our own. The
// client gets the page in place of the content of such a response. If the page cannot be had, the response stays as it
// is.
type ErrorPage struct {
	// Pool is the id of the pool.
	Pool string
	// Statuses are from [FirstErrorStatus] to [LastErrorStatus]. They are sorted. Each occurs once in all error pages of a
	// route.
	Statuses []int
	// Path is what an endpoint of the pool is asked for. [StatusInPath] in it stands for the status. It begins with a
	// slash and is canonical.
	Path string
	// Handles is set if the service decides how such a request is answered, as it does behind ingress-nginx. Then it gets
	// the fields of the request, and X-Code, X-Format and X-Original-URI tell it more. The client gets what it answers,
	// whatever the status. Otherwise the service gets few fields, none of which says who the client is logged in as. Then
	// a page is what comes with the status 200, and the client gets it with the status of the response.
	Handles bool
	// Fields go with the request for the page, in place of those of the same name. They are sorted by name.
	Fields []policy.Header
}

// The first and the last status that there can be a page for.
const (
	FirstErrorStatus = 400
	LastErrorStatus  = 599
)

// StatusInPath stands for the status in the Path of an [ErrorPage].
const StatusInPath = "{status}"

// Equal says whether another one has the same page for the same statuses.
func (p ErrorPage) Equal(o ErrorPage) bool { return p.equal(&o) }

func (p *ErrorPage) equal(o *ErrorPage) bool {
	return p.Pool == o.Pool && slices.Equal(p.Statuses, o.Statuses) && p.Path == o.Path && p.Handles == o.Handles &&
		slices.Equal(p.Fields, o.Fields)
}

// inspectErrorPages returns what is wrong with the route's error pages, or nil.
func (r *Route) inspectErrorPages() error {
	if len(r.ErrorPages) == 0 {
		return nil
	}
	var has [LastErrorStatus + 1]bool
	for i := range r.ErrorPages {
		p := &r.ErrorPages[i]
		if err := p.inspect(); err != nil {
			return fmt.Errorf("error page %d: %w", i, err)
		}
		for _, status := range p.Statuses {
			if has[status] {
				return fmt.Errorf("error page %d: another one is for the status %d too", i, status)
			}
			has[status] = true
		}
	}
	return nil
}

func (p *ErrorPage) inspect() error {
	switch {
	case p.Pool == "":
		return errors.New("it has no pool")
	case !strings.HasPrefix(p.Path, "/"):
		return fmt.Errorf("its path %q does not begin with a slash", p.Path)
	case len(p.Statuses) == 0:
		return errors.New("it is for no status")
	case p.Statuses[0] < FirstErrorStatus || p.Statuses[len(p.Statuses)-1] > LastErrorStatus || !slices.IsSorted(p.Statuses):
		return fmt.Errorf("the statuses %v are not sorted, or one is not from %d to %d", p.Statuses, FirstErrorStatus, LastErrorStatus)
	}
	return nil
}
