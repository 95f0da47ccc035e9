// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/controllers/nginx"
)

// differences says what is not as it was, by the names of annotations that are acted on.
var differences = map[string]string{
	"affinity":                  "sessions begin anew: the value of the cookie is another one",
	"from-to-www-redirect":      "where HTTPS is not at 443, ingress-nginx wrote its port into http URLs; here the port is the client's",
	"limit-rps":                 "beyond the limit 429, where ingress-nginx said 503",
	"limit-rpm":                 "beyond the limit 429, where ingress-nginx said 503",
	"limit-connections":         "beyond the limit 429, where ingress-nginx said 503",
	"load-balance":              "ewma is the endpoint with the fewest requests, not the one that was fastest of late",
	"proxy-next-upstream":       "a request that may not be sent twice is not, whatever this says",
	"proxy-ssl-verify":          "the name in the certificate is checked too",
	"upstream-hash-by":          "the same key has another endpoint than it had there",
	"session-cookie-expires":    "the session itself ends then, not the cookie alone",
	"session-cookie-max-age":    "the session itself ends then, not the cookie alone",
	"canary-by-header-pattern":  "it is an expression of RE2",
	"custom-http-errors":        "pages are asked for by GET or HEAD and without content, where ingress-nginx kept the method",
	"proxy-next-upstream-tries": "0 stands for 11",
}

// sameIf says for which values of a name in [differences] nothing differs.
var sameIf = map[string]func(value string) bool{
	"load-balance":              func(v string) bool { return v != "ewma" },
	"proxy-next-upstream":       func(v string) bool { return !strings.Contains(v, "non_idempotent") },
	"proxy-ssl-verify":          func(v string) bool { return v != "on" },
	"proxy-next-upstream-tries": func(v string) bool { return v != "0" },
	"from-to-www-redirect":      isOff,
	"limit-rps":                 isZero,
	"limit-rpm":                 isZero,
	"limit-connections":         isZero,
}

// lost has the names that did something in ingress-nginx, and that nothing here does.
var lost = []string{
	"limit-rate", "limit-rate-after", "ssl-ciphers", "proxy-ssl-ciphers", "upstream-hash-by-subset",
	"affinity-canary-behavior", "proxy-ssl-verify-depth", "proxy-request-buffering", "use-port-in-redirects",
}

// sameUnlost says for which values of a name in [lost] nothing is lost.
var sameUnlost = map[string]func(value string) bool{
	"limit-rate":               isZero,
	"limit-rate-after":         isZero,
	"upstream-hash-by-subset":  isOff,
	"affinity-canary-behavior": func(v string) bool { return v == "sticky" },
	"proxy-request-buffering":  isOff,
	"use-port-in-redirects":    isOff,
}

// readThere has the names with values that ingress-nginx read, and that cannot be kept here.
var readThere = []string{"upstream-hash-by", "server-alias", "mirror-target", "canary-by-header-pattern", "app-root", "proxy-cookie-domain", "proxy-cookie-path",
	"proxy-redirect-from", "custom-http-errors", "default-backend"}

// needs says without what an annotation does nothing: a name, or what a list of names begin with, and the names of
// which it needs one.
var needs = []struct {
	names string
	one   []string
}{
	{"canary-*", []string{"canary"}},
	{"cors-*", []string{"enable-cors"}},
	{"session-cookie-*", []string{"affinity"}},
	{"affinity-mode", []string{"affinity"}},
	{"limit-burst-multiplier", []string{"limit-rps", "limit-rpm"}},
	{"limit-whitelist", []string{"limit-rps", "limit-rpm", "limit-connections"}},
	{"limit-allowlist", []string{"limit-rps", "limit-rpm", "limit-connections"}},
	{"x-forwarded-prefix", []string{"rewrite-target"}},
	{"permanent-redirect-code", []string{"permanent-redirect"}},
	{"temporal-redirect-code", []string{"temporal-redirect"}},
	{"mirror-host", []string{"mirror-target"}},
	{"mirror-request-body", []string{"mirror-target"}},
	{"upstream-hash-by-subset*", []string{"upstream-hash-by"}},
	{"proxy-ssl-*", []string{backendProtocol}},
	{"proxy-redirect-to", []string{"proxy-redirect-from"}},
	{"canary-by-header-value", []string{"canary-by-header"}},
	{"canary-by-header-pattern", []string{"canary-by-header"}},
}

// backendProtocol is needed with a value that says TLS: HTTPS or GRPCS.
const backendProtocol = "backend-protocol"

// missing returns what an annotation does nothing without, and what the Ingress has not. It is empty if there is
// nothing like that.
func missing(object *networkingv1.Ingress, name string) string {
	for i := range needs {
		n := &needs[i]
		beginning, list := strings.CutSuffix(n.names, "*")
		if n.names != name && (!list || !strings.HasPrefix(name, beginning)) {
			continue
		}
		has := false
		for _, needed := range n.one {
			value := strings.TrimSpace(object.Annotations[nginx.Prefix+needed])
			has = has || value != "" && !isOff(value) && (needed != backendProtocol || strings.HasSuffix(strings.ToUpper(value), "S"))
		}
		if !has {
			return strings.Join(n.one, " or ")
		}
	}
	return ""
}

// annotations says what becomes of each annotation of an Ingress.
func (a *auditor) annotations(object *networkingv1.Ingress) (list []Annotation) {
	for _, j := range nginx.Judge(object, a.Settings, a.shared) {
		made := Annotation{Name: j.Name, Value: j.Value, Verdict: Same}
		a.annotation(&made, &j, object)
		if !j.Ignored && !j.Unused {
			snippetDirectives(&made, object)
		}
		list = append(list, made)
	}
	return list
}

// annotation says what becomes of an annotation that was judged.
func (a *auditor) annotation(made *Annotation, j *nginx.Judgement, object *networkingv1.Ingress) {
	value := strings.TrimSpace(j.Value)
	switch {
	case j.Ignored:
		made.Fate, made.Verdict, made.Text = Ignored, Differs, "ingress.warren.dev/ignore-annotations lists it: the Ingress is served without it"
	case j.Unused:
		made.Fate, made.Text = DidNothing, "of a canary only the annotations count that begin with canary; the main Ingress says the rest"
	case j.Closes:
		made.Fate, made.Verdict, made.Text = nginx.Closes.String(), Closes, j.Text
	case j.Known == nil:
		made.Fate, made.Text = Unknown, "nothing was ever done by it: ingress-nginx has no such annotation"
	case j.Known.Fate == nginx.NeverExisted:
		made.Fate, made.Text = j.Known.Fate.String(), "nothing was ever done by it. "+j.Known.Text
	case j.Unread && slices.Contains(readThere, j.Name):
		made.Fate, made.Verdict, made.Text = NotKept, Differs, j.Text
	case j.Unread:
		made.Fate, made.Text = DidNothing, j.Text
	case j.Known.Fate == nginx.Closes:
		made.Fate, made.Text = DidNothing, "its value asks for nothing"
	case value == "":
		made.Fate, made.Text = DidNothing, "it has no value"
	case j.Known.Gone != "":
		made.Fate, made.Text = DidNothing, "ingress-nginx "+j.Known.Gone+" dropped it. "+j.Known.Text
	case missing(object, j.Name) != "":
		made.Fate, made.Text = DidNothing, "it does nothing without "+missing(object, j.Name)
	case j.Name == "ssl-redirect" && !isOff(value) && !a.shared.HasTLS(object):
		made.Fate, made.Text = DidNothing, "no Ingress of its hosts has tls; force-ssl-redirect does it without"
	case j.Name == serverSnippet && a.shared.SnippetBy(object) != "":
		made.Fate, made.Text = DidNothing, "a host has one, and an older Ingress has it: "+object.Namespace+"/"+a.shared.SnippetBy(object)
	default:
		a.kept(made, j.Known, value)
	}
}

// kept says what differs of an annotation that is served.
func (a *auditor) kept(made *Annotation, known *nginx.Name, value string) {
	made.Fate = known.Fate.String()
	is := func(same map[string]func(string) bool) bool {
		return same[known.Name] != nil && same[known.Name](value)
	}
	text, differs := differences[known.Name]
	switch {
	case known.Fate == nginx.ActedOn && differs && !is(sameIf):
		made.Verdict, made.Text = Differs, text
	case known.Fate == nginx.Meaningless:
		made.Text = known.Text
		for _, name := range lost {
			if name == known.Name && !is(sameUnlost) {
				made.Verdict = Differs
			}
		}
	}
}

// isOff returns whether the value of a switch is off.
func isOff(value string) bool {
	on, err := strconv.ParseBool(value)
	return err == nil && !on || strings.EqualFold(value, "off")
}

// isZero returns whether a limit is none.
func isZero(value string) bool { return strings.Trim(value, "0") == "" }
