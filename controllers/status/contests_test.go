// SPDX-License-Identifier: Apache-2.0

package status

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/fixture"
)

// contested is an Ingress on whose status a controller and somebody else disagree.
type contested struct {
	now      time.Time
	contests *contests
	there    *v1alpha1.Ingress
}

func newContested() *contested {
	c := &contested{now: time.Unix(1700000000, 0), there: fixture.Ingress("blue", "shop", "x.io", "api")}
	c.there.UID, c.there.Generation = "u", 1
	c.contests = newContests(func() time.Time { return c.now }, nil)
	return c
}

// overwrite is what somebody else does.
func (c *contested) overwrite() { c.there.Status = v1alpha1.IngressStatus{} }

// write writes the status unless it has to wait, and returns for how long.
func (c *contested) write() (wait time.Duration, stale, contest bool) {
	conditions := []metav1.Condition{{Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionTrue,
		Reason: v1alpha1.ReasonAccepted, LastTransitionTime: metav1.NewTime(c.now)}}
	if wait = c.contests.wait(c.there); wait > 0 {
		return wait, false, false
	}
	before := c.there.DeepCopy()
	c.there.Status.Conditions = conditions
	stale, contest = c.contests.wrote(before, c.there, conditions)
	return 0, stale, contest
}

func TestAStatusThatIsOverwrittenWaitsLongerEachTime(t *testing.T) {
	c := newContested()
	var waits []time.Duration
	begun := 0
	for range 16 {
		wait, _, contest := c.write()
		if contest {
			begun++
		}
		waits = append(waits, wait)
		c.now = c.now.Add(wait)
		if wait > 0 {
			continue // and then it is written
		}
		c.overwrite()
	}
	want := []time.Duration{0, 0, 0, 0, 0, 0, 2, 0, 4, 0, 8, 0, 16, 0, 32, 0}
	for i := range want {
		want[i] *= time.Second
	}
	if diff := cmp.Diff(want, waits); diff != "" || begun != 1 {
		t.Errorf("it was told %d times that others overwrite the status, want once; waits (-want +got):\n%s", begun, diff)
	}
	for range 20 {
		wait, _, _ := c.write()
		if wait > contestLimit {
			t.Fatalf("it waits %s, want at most %s", wait, contestLimit)
		}
		c.now = c.now.Add(wait)
		c.overwrite()
	}
	c.write()
	c.now = c.now.Add(contestMemory + time.Second)
	c.overwrite()
	if wait, _, _ := c.write(); wait != 0 {
		t.Errorf("after a long time in which nobody else wrote it waits %s", wait)
	}
}

func TestWhatIsNoOverwritingDoesNotWait(t *testing.T) {
	for name, change := range map[string]func(*contested){
		"the author changes the spec each time": func(c *contested) { c.there.Generation++; c.overwrite() },
		"others add conditions of their own": func(c *contested) {
			c.there.Status.Conditions = append(c.there.Status.Conditions, metav1.Condition{Type: "example.com/Audited",
				LastTransitionTime: metav1.NewTime(c.now)})
		},
		"this controller says something else each time": func(*contested) {},
		"it is overwritten seldom": func(c *contested) {
			c.now = c.now.Add(contestMemory + time.Second)
			c.overwrite()
		},
		"the object is made anew": func(c *contested) { c.there.UID += "u"; c.overwrite() },
	} {
		t.Run(name, func(t *testing.T) {
			c := newContested()
			for range 4 * contestFree {
				if wait, _, contest := c.write(); wait > 0 || contest {
					t.Fatalf("it waits %s, contest is %v", wait, contest)
				}
				c.now = c.now.Add(time.Second)
				change(c)
			}
		})
	}
}

func TestWhatSomebodyElseOverwroteIsNoNewsWhenItIsPutBack(t *testing.T) {
	c := newContested()
	if _, stale, _ := c.write(); stale {
		t.Error("the first status is no news")
	}
	c.overwrite()
	if _, stale, _ := c.write(); !stale {
		t.Error("what was told before is news")
	}
}

func TestHealthThatOthersReportIsNotHeldToBeOverwritten(t *testing.T) {
	c := newContests(time.Now, nil)
	one := fixture.Task("blue", "one", "api", "10.0.0.1")
	one.UID, one.Generation = "u", 1
	for i := range 4 * contestFree {
		one.Status.Health = v1alpha1.HealthHealthy
		if i%2 == 0 {
			one.Status.Health = v1alpha1.HealthUnhealthy
		}
		before := one.DeepCopy()
		one.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionHealthy, Reason: string(one.Status.Health)}}
		if wait := c.wait(before); wait > 0 {
			t.Fatalf("it waits %s", wait)
		}
		if _, contest := c.wrote(before, one, one.Status.Conditions); contest {
			t.Fatal("it is held to be contested")
		}
	}
}

func TestWhatWasWrittenLongAgoIsForgotten(t *testing.T) {
	c := newContested()
	c.write()
	c.now = c.now.Add(contestMemory + time.Second)
	c.there.UID = "another"
	c.write()
	if _, ok := c.contests.written["u"]; ok || len(c.contests.written) != 1 {
		t.Errorf("%d statuses are remembered, want the latest alone", len(c.contests.written))
	}
}
