// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// maxShownCandidates bounds the rules in the text that do not match.
const maxShownCandidates = 12

// WriteText writes the explanation for people. now is the time that the days left of a certificate count from.
func (e *Explanation) WriteText(w io.Writer, now time.Time) error {
	t := &explanationText{w: tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)}
	e.writeRequest(t)
	e.writeCertificate(t, now)
	e.writeCandidates(t)
	e.writePolicies(t)
	e.writeSession(t)
	e.writeMirrors(t)
	e.writeErrorPages(t)
	e.writeFallback(t)
	e.writeUpstream(t)
	e.writeRetries(t)
	e.writeBackends(t)
	e.writePool(t)
	e.writeAnswer(t)
	return t.w.Flush()
}

// explanationText writes sections. A section is a line or a block. Its name is in the first column.
type explanationText struct{ w *tabwriter.Writer }

func (t *explanationText) line(section string, columns ...string) {
	_, _ = fmt.Fprintln(t.w, section+"\t"+strings.Join(columns, "\t")) // Flush returns the error
}

// block begins a section of several lines. It ends the columns above, so that they do not widen those of the section.
func (t *explanationText) block(section string) {
	_ = t.w.Flush()
	_, _ = fmt.Fprintln(t.w, section)
}

func (t *explanationText) row(columns ...string) { t.line(" ", columns...) }

func (e *Explanation) writeRequest(t *explanationText) {
	r := &e.Request
	t.line("request", r.Method+" "+r.URL)
	from := r.Client
	switch {
	case r.Client != r.Peer:
		from += ", as the trusted proxy " + r.Peer + " says"
	case r.TrustedPeer:
		from += ", a trusted proxy that names no client"
	case r.Peer == UnspecifiedPeer().String():
		from += ", which stands for any; name another one with --client"
	}
	t.line("client", from)
	if l := e.Listener; l != nil {
		t.line("listener", cmp.Or(l.ID, "none for this host")+" at "+l.Address)
	}
	if r.Path != "" {
		host := r.Host
		if r.Owner != "" {
			host += ", which belongs to " + r.Owner
		}
		t.line("host", host)
		t.line("path", r.Path)
	}
	t.line("generation", fmt.Sprint(e.Generation))
}

func (e *Explanation) writeCertificate(t *explanationText, now time.Time) {
	c := e.Certificate
	if c == nil {
		if strings.HasPrefix(e.Request.URL, "https") {
			t.line("certificate", "none for this host")
		}
		return
	}
	text := c.ID + " for " + strings.Join(c.Hosts, ", ")
	if c.Default {
		text = c.ID + ", the default one"
	}
	left := c.NotAfter.Sub(now)
	if left < 0 {
		t.line("certificate", text+", EXPIRED since "+c.NotAfter.Format(time.DateTime))
		return
	}
	t.line("certificate", fmt.Sprintf("%s, until %s (%d days)", text, c.NotAfter.UTC().Format("2006-01-02 15:04 UTC"), int(left.Hours()/24)))
}

func (e *Explanation) writeCandidates(t *explanationText) {
	if len(e.Candidates) > 0 {
		t.block("rules")
	}
	shown := 0
	for i := range e.Candidates {
		c := &e.Candidates[i]
		if c.Rank() == 2 {
			if shown++; shown > maxShownCandidates {
				continue
			}
		}
		mark := "  "
		if c.Wins {
			mark = "->"
		}
		t.row(mark+" "+ShownHost(c.Host), ShownPlace(c.Match+" "+c.Path, c.Conditions), ShownRule(c.Ingress+" "+c.Rule, c.Canary), c.Why)
	}
	if n := shown - maxShownCandidates; n > 0 {
		t.row(fmt.Sprintf("   and %d more that do not match", n))
	}
	if len(e.Candidates) > 0 {
		_ = t.w.Flush()
	}
	for _, hint := range e.Hints {
		t.line("hint", hint)
	}
}

func (e *Explanation) writePolicies(t *explanationText) {
	if a := e.Access; a != nil {
		verdict := "denied: "
		if a.Admitted {
			verdict = "admitted: "
		}
		t.line("access", verdict+a.Why)
	}
	if l := e.RateLimit; l != nil {
		text := fmt.Sprintf("%v a second, %d at once", l.PerSecond, l.Burst)
		if l.Replicas > 1 {
			text += fmt.Sprintf(", shared by %d replicas", l.Replicas)
		}
		text += fmt.Sprintf("; %.1f left for this client", l.Left)
		if !l.Allowed {
			text += fmt.Sprintf(", the next in %.1f s", l.RetryAfter)
		}
		t.line("rate limit", text)
	}
	for _, p := range e.Policies {
		verdict := "answers: "
		if p.Passed {
			verdict = "lets pass: "
		}
		t.line(p.Name, verdict+p.Text)
	}
}

func (e *Explanation) writeUpstream(t *explanationText) {
	if e.Upstream == nil {
		return
	}
	t.block("endpoint gets")
	t.row("   " + e.Upstream.Method + " " + e.Upstream.Target)
	for _, h := range e.Upstream.Headers {
		t.row("   " + h.Name + ": " + h.Value)
	}
}

func (e *Explanation) writeRetries(t *explanationText) {
	r := e.Retries
	if r == nil {
		return
	}
	text := fmt.Sprintf("up to %d times", r.Attempts)
	if len(r.Codes) > 0 {
		text += ", also after a status of " + strings.Trim(fmt.Sprint(r.Codes), "[]")
	}
	if r.Backoff > 0 {
		text += fmt.Sprintf(", at least %.4g s apart", r.Backoff)
	}
	t.line("tried again", text+"; where that is safe")
}

func (e *Explanation) writeBackends(t *explanationText) {
	if len(e.Backends) == 0 {
		return
	}
	t.block("backends")
	for _, b := range e.Backends {
		pool := b.Pool
		if pool == "" {
			pool = "one that cannot be used"
		}
		t.row("   "+pool, fmt.Sprintf("weight %d", b.Weight), fmt.Sprintf("%.4g%%", 100*b.Share))
	}
	_ = t.w.Flush()
}

func (e *Explanation) writeSession(t *explanationText) {
	s := e.Session
	if s == nil {
		return
	}
	text := "by the " + strings.ToLower(s.Type) + " " + s.Name
	if s.Absolute > 0 {
		text += fmt.Sprintf(", for %v", time.Duration(s.Absolute*float64(time.Second)))
	}
	if s.Stays {
		t.line("session", text+": the request stays with "+s.Task)
		return
	}
	t.line("session", text+": a new one begins, because "+s.Why)
}

func (e *Explanation) writeMirrors(t *explanationText) {
	if len(e.Mirrors) == 0 {
		return
	}
	t.block("mirrored to")
	for _, m := range e.Mirrors {
		cells := []string{"   " + m.Pool, fmt.Sprintf("%.4g%%", 100*m.Share)}
		if m.Host != "" {
			cells = append(cells, "for "+m.Host)
		}
		if m.Bare {
			cells = append(cells, "without content")
		}
		t.row(cells...)
	}
	_ = t.w.Flush()
}

func (e *Explanation) writeErrorPages(t *explanationText) {
	if len(e.ErrorPages) == 0 {
		return
	}
	t.block("error pages")
	for _, p := range e.ErrorPages {
		statuses := strings.ReplaceAll(strings.Trim(fmt.Sprint(p.Statuses), "[]"), " ", ", ")
		how := "for the content"
		if p.Handles {
			how = "for the whole response"
		}
		t.row("   "+statuses, p.Pool, p.Path, how)
	}
	_ = t.w.Flush()
}

func (e *Explanation) writeFallback(t *explanationText) {
	f := e.Fallback
	switch {
	case f == nil:
	case f.Takes:
		t.line("fallback", f.Pool+" gets the request: no endpoint of the rule's takes it")
	default:
		t.line("fallback", f.Pool+" gets requests that no endpoint of the rule's takes")
	}
}

func (e *Explanation) writePool(t *explanationText) {
	p := e.Pool
	if p == nil {
		return
	}
	heading := "pool " + p.ID + ", " + p.Policy
	switch {
	case p.TLS != "":
		heading += ", over TLS: " + p.TLS
	case p.Protocol == "H2C":
		heading += ", in HTTP/2 without TLS"
	}
	t.block(heading)
	switch {
	case p.Why != "":
		t.row("   " + p.Why)
	case len(p.Tasks) == 0:
		t.row("   there is no endpoint: the rule is closed")
	}
	for _, task := range p.Tasks {
		takes := "takes requests"
		if !task.TakesRequests {
			takes = "OUT"
		}
		t.row("   "+task.ID, task.Address, fmt.Sprintf("weight %d", task.Weight), task.Health, fmt.Sprintf("%d active", task.Active), takes, task.Why)
	}
	_ = t.w.Flush()
}

func (e *Explanation) writeAnswer(t *explanationText) {
	a := &e.Answer
	switch {
	case a.TLSAlert != "":
		t.line("answer", "TLS alert "+a.TLSAlert+": "+a.Text)
	case a.Location != "":
		t.line("answer", fmt.Sprintf("%d %s to %s", a.Status, a.Reason, a.Location))
	case a.Status != 0:
		text := fmt.Sprintf("%d %s: %s", a.Status, a.Reason, a.Text)
		if a.Page != "" {
			text += "; with the page of " + a.Page + " if there is one"
		}
		t.line("answer", text)
	default:
		t.line("answer", a.Text)
	}
}

// ShownHost returns the name of a host as text.
func ShownHost(name string) string {
	if name == "" {
		return "(every host)"
	}
	return name
}

// ShownPlace returns, as text, a place and the conditions of one of its routes.
func ShownPlace(place, conditions string) string {
	if conditions == "" {
		return place
	}
	return place + " if " + conditions
}

// ShownRule returns, as text, a rule and the canary that takes a share of its requests.
func ShownRule(rule, canary string) string {
	if canary == "" {
		return rule
	}
	return rule + " with canary " + canary
}
