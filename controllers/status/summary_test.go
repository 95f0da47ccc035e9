// SPDX-License-Identifier: Apache-2.0

package status

import (
	"os"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kstatus "sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// state is what a status may say, and what tools are to make of it.
type state struct {
	name string
	// observed is the generation that the status speaks of. The object's is 3.
	observed int64
	// conditions are "type=status reason", with spaces between them.
	conditions string
	want       kstatus.Status
	// ready is Ready as it is to be, "status reason".
	ready string
}

const (
	current = kstatus.CurrentStatus
	waits   = kstatus.InProgressStatus
	failed  = kstatus.FailedStatus

	taken    = "Accepted=True Accepted; "
	resolved = "ResolvedRefs=True ResolvedRefs; "
	serves   = "Programmed=True Programmed; "
)

var ingressStates = []state{
	{"made just now", -1, "", waits, ""},
	{"served", 3, taken + resolved + serves, current, "True Served"},
	{"served under a certificate", 3, taken + resolved + serves + "CertificateReady=True CertificateValid", current, "True Served"},
	{"served, but for other namespaces' hosts below its wildcard", 3, "Accepted=True SomeHostsOwnedElsewhere; " + resolved + serves, current, "True Served"},
	{"served as it was before a change", 2, taken + resolved + serves, waits, "True Served"},
	{"not served by every replica yet", 3, taken + resolved + "Programmed=Unknown Pending", waits, "Unknown Pending"},
	{"refused by the data plane", 3, taken + resolved + "Programmed=False Rejected", failed, "False Rejected"},
	{"with another namespace's host", 3, "Accepted=False HostOwnedElsewhere; " + resolved + "Programmed=False NothingToProgram", failed, "False HostOwnedElsewhere"},
	{"with a host that is not allowed", 3, "Accepted=False HostNotAllowed; " + resolved + serves, failed, "False HostNotAllowed"},
	{"with another Ingress's path", 3, "Accepted=False PathConflict; " + resolved + serves, failed, "False PathConflict"},
	{"with a path that another rule closes", 3, "Accepted=False PathClosed; " + resolved + serves, failed, "False PathClosed"},
	{"with a rule that cannot be compiled, and without a Service", 3, "Accepted=False InvalidRule; ResolvedRefs=False ServiceNotFound; " + serves, failed, "False InvalidRule"},
	{"without a Service", 3, taken + "ResolvedRefs=False ServiceNotFound; " + serves, waits, "False ServiceNotFound"},
	{"with a port that is not the Service's", 3, taken + "ResolvedRefs=False PortNotFound; " + serves, failed, "False PortNotFound"},
	{"without endpoints", 3, taken + "ResolvedRefs=False NoEndpoints; " + serves, waits, "False NoEndpoints"},
	{"with authorities that cannot be read", 3, taken + "ResolvedRefs=False CAInvalid; " + serves, failed, "False CAInvalid"},
	{"whose certificate is being ordered", 3, taken + resolved + serves + "CertificateReady=False NotYetIssued", waits, "False NotYetIssued"},
	{"whose certificate the authority refused", 3, taken + resolved + serves + "CertificateReady=False OrderFailed", failed, "False OrderFailed"},
	{"whose certificate nobody orders", 3, taken + resolved + serves + "CertificateReady=False OrderingOff", failed, "False OrderingOff"},
	{"whose Secret is not there", 3, taken + resolved + serves + "CertificateReady=False SecretNotFound", waits, "False SecretNotFound"},
	{"whose certificate is for other hosts", 3, taken + resolved + serves + "CertificateReady=False HostNotCovered", failed, "False HostNotCovered"},
	{"with tls for a host that no rule has", 3, taken + resolved + serves + "CertificateReady=False HostNotRouted", failed, "False HostNotRouted"},
	{"whose certificate has expired, and without endpoints", 3, taken + "ResolvedRefs=False NoEndpoints; " + serves + "CertificateReady=False Expired", failed, "False Expired"},
	{"that was stalled, and is served", 3, taken + resolved + serves + "Stalled=True PathConflict; Ready=False PathConflict", current, "True Served"},
	{"that waited, and stalls", 3, "Accepted=False PathConflict; " + resolved + serves + "Reconciling=True Pending", failed, "False PathConflict"},
}

var taskStates = []state{
	{"made just now", -1, "", waits, ""},
	{"reported unhealthy before a controller saw it", -1, "", waits, ""},
	{"without a health check", 3, taken + "Healthy=True NoHealthCheck", current, "True NoHealthCheck"},
	{"that a probe found healthy", 3, taken + "Healthy=True ProbeSucceeded", current, "True ProbeSucceeded"},
	{"that was healthy before a change", 2, taken + "Healthy=True ProbeSucceeded", waits, "True ProbeSucceeded"},
	{"that was unhealthy before a change", 2, taken + "Healthy=False ProbeFailed", waits, "False ProbeFailed"},
	{"that was invalid before a change", 2, "Accepted=False InvalidTask; Healthy=True NoHealthCheck", waits, "False InvalidTask"},
	{"that is not probed yet", 3, taken + "Healthy=Unknown NotProbed", waits, "Unknown NotProbed"},
	{"that probes find unhealthy", 3, taken + "Healthy=False ProbeFailed", waits, "False ProbeFailed"},
	{"that somebody else reports unhealthy", 3, taken + "Healthy=False ReportedUnhealthy", waits, "False ReportedUnhealthy"},
	{"that is invalid, without a health check", 3, "Accepted=False InvalidTask; Healthy=True NoHealthCheck", failed, "False InvalidTask"},
	{"that is invalid and healthy", 3, "Accepted=False InvalidTask; Healthy=True ProbeSucceeded", failed, "False InvalidTask"},
	{"that is invalid and not probed", 3, "Accepted=False InvalidTask; Healthy=Unknown NotProbed", failed, "False InvalidTask"},
	{"that is invalid and unhealthy", 3, "Accepted=False InvalidTask; Healthy=False ProbeFailed", failed, "False InvalidTask"},
	{"that was invalid, and is healthy", 3, taken + "Healthy=True ProbeSucceeded; Stalled=True InvalidTask; Ready=False InvalidTask", current, "True ProbeSucceeded"},
	{"that was invalid, and is not probed", 3, taken + "Healthy=Unknown NotProbed; Stalled=True InvalidTask; Ready=False InvalidTask", waits, "Unknown NotProbed"},
	{"that was not probed, and is healthy", 3, taken + "Healthy=True ProbeSucceeded; Reconciling=True NotProbed; Ready=Unknown NotProbed", current, "True ProbeSucceeded"},
	{"that was healthy, and is not", 3, taken + "Healthy=False ProbeFailed; Ready=True ProbeSucceeded", waits, "False ProbeFailed"},
	{"that was unhealthy, and is invalid", 3, "Accepted=False InvalidTask; Healthy=False ProbeFailed; Reconciling=True ProbeFailed", failed, "False InvalidTask"},
	{"whose check was taken off", 3, taken + "Healthy=True NoHealthCheck; Reconciling=True ProbeFailed; Ready=False ProbeFailed", current, "True NoHealthCheck"},
	{"with a condition of somebody else", 3, taken + "Healthy=True NoHealthCheck; example.com/Audited=False Pending", current, "True NoHealthCheck"},
}

var certificateStates = []state{
	{"made just now", -1, "", waits, ""},
	{"that is valid", 3, taken + "Ready=True CertificateValid; Issuing=False UpToDate", current, "True CertificateValid"},
	{"that is valid and the user's", 3, taken + "Ready=True CertificateValid; Issuing=False NotRenewed", current, "True CertificateValid"},
	{"that is being renewed", 3, taken + "Ready=True CertificateValid; Issuing=True ChallengePending", current, "True CertificateValid"},
	{"whose renewal failed", 3, taken + "Ready=True CertificateValid; Issuing=False OrderFailed", current, "True CertificateValid"},
	{"that was valid before a change", 2, taken + "Ready=True CertificateValid; Issuing=False UpToDate", waits, "True CertificateValid"},
	{"about to be ordered", 3, taken + "Ready=False NotYetIssued; Issuing=True Ordering", waits, "False NotYetIssued"},
	{"being proven", 3, taken + "Ready=False NotYetIssued; Issuing=True ChallengePending", waits, "False NotYetIssued"},
	{"awaited", 3, taken + "Ready=False NotYetIssued; Issuing=True Finalizing", waits, "False NotYetIssued"},
	{"that is there, and not read yet", 3, taken + "Ready=False NotYetIssued; Issuing=False UpToDate", waits, "False NotYetIssued"},
	{"whose host does not lead here yet", 3, taken + "Ready=False NotYetIssued; Issuing=False ChallengeUnreachable", waits, "False NotYetIssued"},
	{"that another controller orders", 3, taken + "Ready=False NotYetIssued; Issuing=False OrderedElsewhere", waits, "False NotYetIssued"},
	{"that the authority refused", 3, taken + "Ready=False NotYetIssued; Issuing=False OrderFailed", failed, "False NotYetIssued"},
	{"for which there is no room this week", 3, taken + "Ready=False NotYetIssued; Issuing=False OrderLimit", waits, "False NotYetIssued"},
	{"for a host that no rule has yet", 3, taken + "Ready=False NotYetIssued; Issuing=False HostNotRouted", waits, "False NotYetIssued"},
	{"that is not ordered by this controller", 3, taken + "Ready=False NotYetIssued; Issuing=False OrderingOff", failed, "False NotYetIssued"},
	{"that is refused by the data plane", 3, "Accepted=False Rejected; Ready=True CertificateValid; Issuing=False UpToDate", failed, "True CertificateValid"},
	{"whose Secret is somebody else's", 3, taken + "Ready=False HostNotCovered; Issuing=False SecretConflict", failed, "False HostNotCovered"},
	{"for other hosts, about to be replaced", 3, taken + "Ready=False HostNotCovered; Issuing=True Ordering", waits, "False HostNotCovered"},
	{"for other hosts, and the user's", 3, taken + "Ready=False HostNotCovered; Issuing=False NotRenewed", failed, "False HostNotCovered"},
	{"that the user has not put there yet", 3, taken + "Ready=False SecretNotFound; Issuing=False NotRenewed", waits, "False SecretNotFound"},
	{"that has expired, and is the user's", 3, taken + "Ready=False Expired; Issuing=False NotRenewed", failed, "False Expired"},
	{"that is not valid yet, and is the user's", 3, taken + "Ready=False NotYetValid; Issuing=False NotRenewed", waits, "False NotYetValid"},
	{"for another namespace's host", 3, "Accepted=False HostOwnedElsewhere; Ready=False SecretNotFound; Issuing=False HostOwnedElsewhere", failed, "False SecretNotFound"},
	{"for a wildcard, though there is one", 3, "Accepted=False WildcardHost; Ready=True CertificateValid; Issuing=False WildcardHost", failed, "True CertificateValid"},
	{"that nobody wants any more, and that is not there", 3, taken + "Ready=False NotYetIssued; Issuing=False NotWanted", failed, "False NotYetIssued"},
}

// conditionsOf reads the conditions of a state.
func conditionsOf(t *testing.T, text string) []metav1.Condition {
	t.Helper()
	var conditions []metav1.Condition
	for one := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(text), ";"), ";") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		kind, rest, _ := strings.Cut(one, "=")
		status, reason, ok := strings.Cut(rest, " ")
		if !ok {
			t.Fatalf("the test's condition %q is none", one)
		}
		conditions = append(conditions, metav1.Condition{Type: kind, Status: metav1.ConditionStatus(status), Reason: reason,
			Message: kind + " says so", LastTransitionTime: metav1.NewTime(time.Unix(1, 0))})
	}
	return conditions
}

func TestToolsSeeWhetherAnObjectIsAsItIsMeantToBe(t *testing.T) {
	script := healthScript(t)
	health := map[kstatus.Status]string{current: "Healthy", waits: "Progressing", failed: "Degraded"}
	for _, of := range []struct {
		kind      string
		summarize func(*[]metav1.Condition, int64)
		states    []state
	}{
		{v1alpha1.IngressKind, SummarizeIngress, ingressStates},
		{v1alpha1.TaskKind, SummarizeTask, taskStates},
		{v1alpha1.TLSCertificateKind, SummarizeTLSCertificate, certificateStates},
	} {
		if len(of.states) < 20 {
			t.Errorf("there are %d states of a %s, want 20 at least", len(of.states), of.kind)
		}
		for _, s := range of.states {
			t.Run(of.kind+" "+s.name, func(t *testing.T) {
				conditions := conditionsOf(t, s.conditions)
				if conditions != nil {
					of.summarize(&conditions, s.observed)
				}
				object := objectWith(t, of.kind, s.observed, conditions)
				result, err := kstatus.Compute(object)
				if err != nil {
					t.Fatalf("computing the status: %v", err)
				}
				if result.Status != s.want {
					t.Errorf("kstatus takes it for %s (%s), want %s; the conditions are %+v", result.Status, result.Message, s.want, conditions)
				}
				if got := script.health(t, object); got != health[s.want] {
					t.Errorf("Argo CD takes it for %s, want %s", got, health[s.want])
				}
				var ready string
				for _, c := range conditions {
					if c.Type == v1alpha1.ConditionReady {
						ready = string(c.Status) + " " + c.Reason
					}
					if c.Status == metav1.ConditionTrue && c.ObservedGeneration != s.observed &&
						(c.Type == v1alpha1.ConditionStalled || c.Type == v1alpha1.ConditionReconciling) {
						t.Errorf("%s speaks of generation %d, want %d", c.Type, c.ObservedGeneration, s.observed)
					}
				}
				if ready != s.ready {
					t.Errorf("Ready is %q, want %q", ready, s.ready)
				}
			})
		}
	}
}

// objectWith is an object of generation 3 as the API server returns it.
func objectWith(t *testing.T, kind string, observed int64, conditions []metav1.Condition) *unstructured.Unstructured {
	t.Helper()
	list := make([]any, len(conditions))
	for i := range conditions {
		condition, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&conditions[i])
		if err != nil {
			t.Fatal(err)
		}
		list[i] = condition
	}
	object := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "a", "generation": int64(3)},
		"status":   map[string]any{"observedGeneration": observed, "conditions": list},
	}}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	return object
}

// argoScript is the health script for Argo CD that the documents give.
type argoScript string

func healthScript(t *testing.T) argoScript {
	t.Helper()
	page, err := os.ReadFile("../../docs/gitops.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "\n```yaml\n")
	example, _, ended := strings.Cut(rest, "\n```\n")
	if !found || !ended {
		t.Fatal("docs/gitops.md has no example in YAML")
	}
	var configMap struct {
		Data map[string]string `json:"data"`
	}
	if err := yaml.UnmarshalStrict([]byte(example), &struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   any    `json:"metadata"`
		Data       any    `json:"data"`
	}{}); err != nil {
		t.Fatalf("parsing the ConfigMap of docs/gitops.md: %v", err)
	}
	if err := yaml.Unmarshal([]byte(example), &configMap); err != nil {
		t.Fatalf("parsing the ConfigMap of docs/gitops.md: %v", err)
	}
	var customizations map[string]map[string]string
	if err := yaml.Unmarshal([]byte(configMap.Data["resource.customizations"]), &customizations); err != nil {
		t.Fatalf("parsing resource.customizations of docs/gitops.md: %v", err)
	}
	script := customizations[v1alpha1.GroupVersion.Group+"/*"]["health.lua"]
	if script == "" {
		t.Fatal("docs/gitops.md has no health.lua for the three kinds")
	}
	return argoScript(script)
}

// health runs the script as Argo CD does (util/lua of argo-cd 3): with the object as obj, and the libraries base, table
// and string alone.
func (s argoScript) health(t *testing.T, object *unstructured.Unstructured) string {
	t.Helper()
	interpreter := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer interpreter.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}, {lua.StringLibName, lua.OpenString}} {
		if err := interpreter.CallByParam(lua.P{Fn: interpreter.NewFunction(library.open), Protect: true}, lua.LString(library.name)); err != nil {
			t.Fatal(err)
		}
	}
	interpreter.SetGlobal("obj", luaValue(t, interpreter, object.Object))
	if err := interpreter.DoString(string(s)); err != nil {
		t.Fatalf("running the health script: %v", err)
	}
	returned, ok := interpreter.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the health script returned %v, want a table", interpreter.Get(-1))
	}
	if message, ok := returned.RawGetString("message").(lua.LString); !ok || message == "" {
		t.Error("the health script returned no message")
	}
	return returned.RawGetString("status").String()
}

// luaValue turns a value of JSON into Lua's.
func luaValue(t *testing.T, interpreter *lua.LState, value any) lua.LValue {
	t.Helper()
	switch v := value.(type) {
	case nil:
		return lua.LNil
	case string:
		return lua.LString(v)
	case bool:
		return lua.LBool(v)
	case int64:
		return lua.LNumber(v)
	case []any:
		table := interpreter.NewTable()
		for _, item := range v {
			table.Append(luaValue(t, interpreter, item))
		}
		return table
	case map[string]any:
		table := interpreter.NewTable()
		for name, item := range v {
			table.RawSetString(name, luaValue(t, interpreter, item))
		}
		return table
	}
	t.Fatalf("a %T is no value of JSON", value)
	return nil
}
