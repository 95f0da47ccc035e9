// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

func TestAFixedResponseAnswersEverything(t *testing.T) {
	f := FixedResponse{Status: 503, ContentType: "text/html", Body: "<h1>soon</h1>"}
	steps, err := f.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := new(step.View)
	got := steps.Request(v)
	if got.Reason != reason.FixedResponse || got.Status != 503 || string(got.Content.Type) != "text/html" || got.Content.Text != f.Body {
		t.Errorf("got %+v", got)
	}
	if n := testing.AllocsPerRun(100, func() { steps.Request(v) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	other := f
	if !f.Equal(&other) || f.Equal(nil) || f.Equal((*FixedResponse)(nil)) || f.Equal(&Redirect{}) {
		t.Error("equal responses differ, or a response equals something else")
	}
	if other.Body = ""; f.Equal(&other) {
		t.Error("another body is equal")
	}
}

func TestWhichPoliciesAnswer(t *testing.T) {
	t.Parallel()
	for _, p := range Order {
		want := p.Name() == "redirect" || p.Name() == "fixed-response"
		if got := Answers([]Policy{(*Access)(nil), p}); got != want {
			t.Errorf("a route with %s answers: %t, want %t", p.Name(), got, want)
		}
	}
}
