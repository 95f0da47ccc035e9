// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

func TestBrowsersAreToldToComeOverHTTPS(t *testing.T) {
	t.Parallel()
	const name = "Strict-Transport-Security"
	for _, test := range []struct {
		what     string
		hsts     HSTS
		insecure bool
		fields   []string
		want     []string
	}{
		{"for a time", HSTS{MaxAge: 60}, false, nil, []string{name, "max-age=60"}},
		{"never again", HSTS{}, false, nil, []string{name, "max-age=0"}},
		{"all that it has", HSTS{MaxAge: 31536000, IncludeSubDomains: true, Preload: true}, false, []string{"A", "1"},
			[]string{"A", "1", name, "max-age=31536000; includeSubDomains; preload"}},
		{"in place of what the endpoint says", HSTS{MaxAge: 60}, false, []string{"strict-transport-security", "max-age=1", "A", "1", name, "max-age=2"},
			[]string{"A", "1", name, "max-age=60"}},
		{"nothing over plain HTTP", HSTS{MaxAge: 60}, true, []string{name, "max-age=1"}, []string{name, "max-age=1"}},
	} {
		steps, err := test.hsts.Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		v := &step.View{Secure: !test.insecure}
		for which, tell := range map[string]func(*step.View, *message.Response){"endpoint's": steps.Response, "own": steps.Own} {
			resp := &message.Response{Fields: fieldsOf(test.fields...)}
			tell(v, resp)
			if diff := cmp.Diff(test.want, passedOn(resp.Fields)); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", test.what, which, diff)
			}
		}
	}
}

// An answer of the rule's own meets both steps.
func TestBrowsersAreToldOnce(t *testing.T) {
	t.Parallel()
	steps, err := (&HSTS{MaxAge: 60}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, resp := &step.View{Secure: true}, new(message.Response)
	steps.Response(v, resp)
	steps.Own(v, resp)
	if diff := cmp.Diff([]string{"Strict-Transport-Security", "max-age=60"}, passedOn(resp.Fields)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhoAsksSeesWhatBrowsersAreTold(t *testing.T) {
	t.Parallel()
	steps, err := (&HSTS{MaxAge: 60, Preload: true}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	for secure, want := range map[bool]string{true: "the answer says Strict-Transport-Security: max-age=60; preload", false: "it is for answers over HTTPS"} {
		var notes []step.Note
		steps.Request(&step.View{Secure: secure, Notes: &notes})
		if diff := cmp.Diff([]step.Note{{Policy: "hsts", Passed: true, Text: want}}, notes); diff != "" {
			t.Errorf("secure: %t (-want +got):\n%s", secure, diff)
		}
	}
}

func TestHSTSDiffers(t *testing.T) {
	t.Parallel()
	h := &HSTS{MaxAge: 1}
	for other, want := range map[Policy]bool{
		&HSTS{MaxAge: 1}: true, &HSTS{MaxAge: 2}: false, &HSTS{MaxAge: 1, Preload: true}: false, &HSTS{MaxAge: 1, IncludeSubDomains: true}: false,
		(*HSTS)(nil): false, (*Access)(nil): false,
	} {
		if got := h.Equal(other); got != want {
			t.Errorf("%+v: got %t, want %t", other, got, want)
		}
	}
	if _, err := (&HSTS{MaxAge: -1}).Compile(nil); err == nil {
		t.Error("an age below zero compiles")
	}
}

func TestHSTSTakesNoMemory(t *testing.T) {
	steps, err := (&HSTS{MaxAge: 60}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, resp := &step.View{Secure: true}, &message.Response{Fields: make([]message.Field, 0, 4)}
	if n := testing.AllocsPerRun(100, func() {
		resp.Fields = resp.Fields[:0]
		steps.Request(v)
		steps.Response(v, resp)
	}); n != 0 || len(resp.Fields) != 1 {
		t.Errorf("%v allocations and %d fields, want none and one", n, len(resp.Fields))
	}
}
