// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/step"
	"github.com/warren-dev/ingress/proxy/transport"
)

// A request meets the policies in their order, up to the first that answers. A response meets them from the last to the
// first.
func TestStepsRunInTheOrderOfPoliciesAndBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		second step.Answer
		want   string
	}{
		{"all pass", step.Answer{}, "a? b? c? c! b! a! c. b. a. "},
		{"one answers", step.Answer{Reason: reason.AccessDenied, Detail: "because"}, "a? b? c! b! a! c. b. a. "},
	} {
		told := ""
		var r routing.Route
		for _, name := range []string{"a", "b", "c"} {
			r.Policies.Add(&step.Steps{
				Request: func(*step.View) step.Answer {
					told += name + "? "
					if name == "b" {
						return test.second
					}
					return step.Answer{}
				},
				Response: func(*step.View, *message.Response) { told += name + "! " },
				Own:      func(*step.View, *message.Response) { told += name + ". " },
			})
		}
		d := &Decision{decided: decided{Basis: &Basis{Clock: transport.NewClock()}, Origin: new(client.Origin), Route: &r}}
		if got := d.askPolicies(); got != test.second.Reason || d.Reply.Detail != test.second.Detail {
			t.Errorf("%s: the decision is %v, %+v", test.name, got, d.Reply)
		}
		for _, change := range r.Policies.Response {
			change(d.Viewed(), &d.Own)
		}
		for _, add := range r.Policies.Own {
			add(d.Viewed(), &d.Own)
		}
		if told != test.want {
			t.Errorf("%s: the steps ran as %s, want %s", test.name, told, test.want)
		}
	}
}

// docs/request.md has the phases and the policies in the order in which requests meet them.
func TestOrderIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/request.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "\n## Phases\n")
	list, _, _ = strings.Cut(list, "\n## ")
	var want, got []string
	for i, phase := range phases {
		want = append(want, fmt.Sprintf("%d. `%s`", i+1, phase.name))
		if phase.name != "policies" {
			continue
		}
		for i, p := range policy.Order {
			want = append(want, fmt.Sprintf("   %d. `%s`", i+1, p.Name()))
		}
	}
	for _, item := range regexp.MustCompile(`(?m)^ *[0-9]+\..*$`).FindAllString(list, -1) {
		name, _, _ := strings.Cut(item, ":")
		got = append(got, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the list in docs/request.md (-want +got):\n%s", diff)
	}
}

// asker is somebody whom a policy waits for.
type asker struct {
	answer  step.Answer
	asks    func(*step.View, step.Waiting)
	foretel func(*step.View)
}

func (a *asker) Ask(v *step.View, w step.Waiting) step.Answer {
	a.asks(v, w)
	return a.answer
}

func (a *asker) Foretell(v *step.View) { a.foretel(v) }

// wait is how a test's request waits.
type wait struct {
	step.Waiting
	ended reason.Reason
}

func (w *wait) Disarm() reason.Reason { return w.ended }

// A request that waits for a policy goes on where it was, or is answered. If it was ended meanwhile, that is the
// answer.
func TestAPolicyMayHaveTheRequestWait(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		waits  bool
		answer step.Answer
		ended  reason.Reason
		want   reason.Reason
		told   string
	}{
		{"the asker lets it pass", true, step.Answer{}, reason.None, reason.None, "a? asked b? "},
		{"the asker answers", true, step.Answer{Reason: reason.AuthDenied, Cause: "because"}, reason.None, reason.AuthDenied, "a? asked "},
		{"it was ended", true, step.Answer{}, reason.ClientClosed, reason.ClientClosed, "a? asked "},
		{"it was ended before the answer", true, step.Answer{Reason: reason.AuthDenied}, reason.UpstreamRequestTimeout, reason.UpstreamRequestTimeout, "a? asked "},
		{"nobody waits", false, step.Answer{Reason: reason.AuthDenied}, reason.None, reason.None, "a? foretold b? "},
	} {
		told := ""
		var r routing.Route
		a := &asker{
			answer: test.answer, foretel: func(*step.View) { told += "foretold " },
			asks: func(v *step.View, _ step.Waiting) {
				told += "asked "
				v.Fields = append(v.Fields, message.Field{Name: []byte("X-A")})
			},
		}
		r.Policies.Add(&step.Steps{Request: func(v *step.View) step.Answer {
			told += "a? "
			v.Await = a
			return step.Answer{Next: step.Wait}
		}})
		r.Policies.Add(&step.Steps{Request: func(v *step.View) step.Answer {
			told += "b? "
			if v.Await != nil {
				t.Errorf("%s: somebody is still waited for", test.name)
			}
			return step.Answer{}
		}})
		d := &Decision{decided: decided{Basis: &Basis{Clock: transport.NewClock()}, Route: &r, Origin: new(client.Origin)}}
		if test.waits {
			d.Waiting = &wait{ended: test.ended}
		}
		got := d.askPolicies()
		if got != test.want || told != test.told {
			t.Errorf("%s: got %v after %q, want %v after %q", test.name, got, told, test.want, test.told)
		}
		if refused := got == reason.AuthDenied; refused != (len(d.Own.Fields) == 1) || refused != (d.Cause == "because") {
			t.Errorf("%s: our own answer has the fields %v and the cause %q", test.name, d.Own.Fields, d.Cause)
		}
	}
}
