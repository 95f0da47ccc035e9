// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/warren-dev/ingress/proxy/addresses"
	"github.com/warren-dev/ingress/proxy/limit"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// RateLimit bounds the requests of each client on a route. The zero value is no limit.
type RateLimit struct {
	// PerSecond is how many requests a client may send per second in the long run.
	PerSecond float64
	// Burst is how many requests it may send at once after a pause, at least 1.
	Burst int
	// PerReplica lets each replica allow that much, whatever the others do. Otherwise each replica allows its share.
	PerReplica bool
	// Exempt are clients that it is not for. The prefixes are masked and sorted.
	Exempt []netip.Prefix
}

// exemptText says for somebody who only asks why a limit does not count.
const exemptText = "the client is exempt"

// Name is "rate-limit".
func (*RateLimit) Name() string { return "rate-limit" }

// Equal returns whether another limit lets through as much.
func (r *RateLimit) Equal(other Policy) bool {
	o, ok := other.(*RateLimit)
	return ok && o != nil && r.rate() == o.rate() && slices.Equal(r.Exempt, o.Exempt)
}

// rate is what a limit lets through, whoever is exempt.
func (r *RateLimit) rate() limit.Rate {
	return limit.Rate{PerSecond: r.PerSecond, Burst: r.Burst, PerReplica: r.PerReplica}
}

// Compile gives the route an id among the limiter's rules. The route keeps the id as long as neither the route nor the
// limit changes, so that what clients have used survives a new generation.
func (r *RateLimit) Compile(s *step.Scope) (step.Steps, error) {
	if r.PerSecond <= 0 {
		return step.Steps{}, nil
	}
	rate := r.rate()
	rule := s.Kept(rate, func() any { return s.Limiter.NewRule() }).(uint32)
	limited := &limitedRule{limiter: s.Limiter, rule: rule, rate: rate, limit: *r, exempt: addresses.RangesOf(r.Exempt)}
	limited.limit.Exempt = nil
	return step.Steps{Request: limited.request}, nil
}

// limitedRule is a compiled RateLimit.
type limitedRule struct {
	limiter *limit.Limiter
	rule    uint32
	rate    limit.Rate
	// limit is without those that are exempt.
	limit  RateLimit
	exempt addresses.Ranges
}

func (l *limitedRule) request(v *step.View) step.Answer {
	if l.exempt.Contain(v.Client) {
		v.Note(l.limit.Name(), exemptText)
		return step.Answer{}
	}
	var ok bool
	var wait time.Duration
	if v.Notes != nil {
		ok, wait = l.look(v)
	} else {
		ok, wait = l.limiter.Allow(l.rule, &l.rate, v.Client, v.Now)
	}
	if ok {
		return step.Answer{}
	}
	v.Fields = l.limit.appendFields(v.Fields, wait)
	return step.Answer{Reason: reason.RateLimited}
}

// appendFields tells the client how long to wait, in whole seconds (RFC 9110, section 10.2.3), and what its limit is.
func (r *RateLimit) appendFields(fields []message.Field, wait time.Duration) []message.Field {
	seconds := int64((wait + time.Second - 1) / time.Second)
	return append(fields,
		message.Field{Name: []byte("Retry-After"), Value: strconv.AppendInt(nil, seconds, 10)},
		message.Field{Name: []byte("RateLimit-Limit"), Value: strconv.AppendInt(nil, int64(r.Burst), 10)},
		message.Field{Name: []byte("RateLimit-Remaining"), Value: []byte("0")},
		message.Field{Name: []byte("RateLimit-Reset"), Value: strconv.AppendInt(nil, seconds, 10)})
}

// look returns what allow would, but takes no token. It notes the state of the limit.
func (l *limitedRule) look(v *step.View) (ok bool, wait time.Duration) {
	left, cost := l.limiter.Left(l.rule, &l.rate, v.Client, v.Now), l.limiter.Cost(&l.rate)
	missing := (1 - left) * float64(cost) / l.limit.PerSecond * float64(time.Second)
	ok = missing < 1 // A bucket counts in nanoseconds.
	if !ok {
		wait = time.Duration(missing)
	}
	*v.Notes = append(*v.Notes, step.Note{
		Policy: l.limit.Name(), Passed: ok, Limit: &step.LimitNote{Rate: l.rate, Replicas: cost, Left: left, Wait: wait},
	})
	return ok, wait
}
