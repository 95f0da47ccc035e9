// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
)

// inCluster returns an input of a controller at 10.244.0.7 and fd00:10::7, with a replica at 10.244.1.9. The API
// server is at 10.96.0.1 and fd00:96::1, at the node 192.168.50.2, and was reached at 203.0.113.5.
func inCluster(address string) translate.Input {
	endpoints := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "kubernetes", Labels: map[string]string{discoveryv1.LabelServiceName: "kubernetes"}},
		Endpoints:  []discoveryv1.Endpoint{{Addresses: []string{"192.168.50.2"}}},
	}
	return translate.Input{
		Objects: asRules([]*v1alpha1.Ingress{newIngress("a", "web", 0, newRule("a.example.com", prefix("/", "web")))}),
		Tasks:   []*v1alpha1.Task{newTask("a", "web-1", "web", address)},
		Services: []*corev1.Service{{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "kubernetes"},
			Spec: corev1.ServiceSpec{ClusterIPs: []string{"10.96.0.1", "fd00:96::1"}}}},
		EndpointSlices: []*discoveryv1.EndpointSlice{endpoints},
		Own:            []netip.AddrPort{netip.MustParseAddrPort("10.244.1.9:8000")},
		Reserved: translate.Reserved{
			Controller: []netip.Addr{netip.MustParseAddr("10.244.0.7"), netip.MustParseAddr("fd00:10::7")},
			APIServer:  []netip.Addr{netip.MustParseAddr("203.0.113.5")},
		},
	}
}

// taskAt says whether the one Task of an input takes requests, and for what reason it is accepted or not.
func taskAt(t *testing.T, in translate.Input) (served bool, reason, message string) {
	t.Helper()
	snapshot, reports := translate.Build(in)
	c := conditionOf(t, reports, "Task", "a/web-1", v1alpha1.ConditionAccepted)
	return len(snapshot.Pools[0].Endpoints) == 1, c.Reason, c.Message
}

func TestWhereATaskMayBe(t *testing.T) {
	const (
		never = "never" // whatever the flags say
		local = "local" // with --allow-local-tasks alone
		ever  = "ever"
	)
	for address, want := range map[string]string{
		"192.168.1.10":              ever,
		"10.244.0.8":                ever, // another Pod; --task-networks can exclude Pods
		"2001:db8::10":              ever,
		"fd00:10::8":                ever,
		"64:ff9b::808:808":          ever,
		"2002:808:808::1":           ever,
		"2001:0:808:808::f7f7:f7f7": ever,
		"64:ff9b:1::808:808":        ever,
		"127.0.0.1":                 local,
		"127.8.8.8":                 local,
		"::1":                       local,
		"::ffff:127.0.0.1":          local,
		"::127.0.0.1":               local,
		"::ffff:0:7f00:1":           local,
		"2002:7f00:1::":             local,
		"64:ff9b::7f00:1":           local,
		"169.254.1.1":               local,
		"fe80::1":                   local,
		"fe80::5efe:a00:1":          local,
		"64:ff9b::a9fe:101":         local,

		// The controller's own, of this replica and of others.
		"10.244.0.7":                local,
		"::ffff:10.244.0.7":         local,
		"::10.244.0.7":              local,
		"64:ff9b::af4:7":            local,
		"64:ff9b:1::af4:7":          local,
		"64:ff9b:1:af4:0:700::":     local,
		"2001:0:808:808::f50b:fff8": local,
		"2002:af4:7::1":             local,
		"2001:0:af4:7::f7f7:f7f7":   local,
		"fd00:10::7":                local,
		"10.244.1.9":                local,
		"2001:db8::5efe:a00:1":      ever,
		"2001:db8::5efe:af4:7":      local,

		"10.96.0.1":      never,
		"fd00:96::1":     never,
		"192.168.50.2":   never,
		"203.0.113.5":    never,
		"64:ff9b::a60:1": never,
		"2002:a60:1::":   never,
		"::10.96.0.1":    never,

		"169.254.169.254":    never,
		"169.254.170.23":     never,
		"168.63.129.16":      never,
		"100.100.100.200":    never,
		"192.0.0.192":        never,
		"fd00:ec2::254":      never,
		"fd20:ce::254":       never,
		"64:ff9b::a9fe:a9fe": never,
		"::ffff:a9fe:a9fe":   never,
		"2002:a9fe:a9fe::":   never,

		"0.0.0.0":           never,
		"0.1.2.3":           never,
		"::":                never,
		"64:ff9b::":         never,
		"224.0.0.1":         never,
		"ff02::1":           never,
		"64:ff9b::e000:1":   never,
		"255.255.255.255":   never,
		"2002:ffff:ffff::1": never,
	} {
		t.Run(address, func(t *testing.T) {
			for _, allowed := range []bool{false, true} {
				in := inCluster(address)
				in.Options.AllowLocalTasks = allowed
				wanted := want == ever || want == local && allowed
				served, reason, message := taskAt(t, in)
				if served != wanted || (reason == "Accepted") != wanted {
					t.Errorf("with --allow-local-tasks=%t it is served: %t, want %t; the reason is %s: %s", allowed, served, wanted, reason, message)
				}
			}
		})
	}
}

func TestATaskHasToBeInANetworkThatTheOperatorNames(t *testing.T) {
	for address, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "2001:db8:1::5": true,
		"192.168.1.10": false, "2001:db8:2::5": false, "64:ff9b::a01:203": false,
		"10.96.0.1": false, // named or not
	} {
		in := inCluster(address)
		in.Options.TaskNetworks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
		if served, reason, message := taskAt(t, in); served != want || (reason == "Accepted") != want {
			t.Errorf("%s is served: %t, want %t; %s: %s", address, served, want, reason, message)
		}
	}
}

func TestARefusedAddressIsToldOf(t *testing.T) {
	for address, want := range map[string]string{
		"10.96.0.1": "address 10.96.0.1 is the API server's, which no Task may be at: write the address of an instance of yours",
		"64:ff9b::a9fe:a9fe": "address 64:ff9b::a9fe:a9fe stands for 169.254.169.254, which is a metadata service's, which no Task may be at: " +
			"write the address of an instance of yours",
		"10.244.0.7": "address 10.244.0.7 is of the machine that the controller runs on, not of an instance of yours: " +
			"write an address that others reach it at, or have the controller run with --allow-local-tasks",
		"192.168.1.1": "address 192.168.1.1 is in no network that Tasks may be in (10.0.0.0/8): have the instance in one of them, " +
			"or ask the controller's operator to add one to --task-networks",
	} {
		in := inCluster(address)
		in.Options.TaskNetworks = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		_, reason, message := taskAt(t, in)
		if diff := cmp.Diff([]string{"AddressNotAllowed", want}, []string{reason, message}); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// A refused Task is not probed either: a health check must not tell what listens there.
func TestARefusedTaskIsNotProbed(t *testing.T) {
	in := inCluster("10.96.0.1")
	in.Tasks[0].Spec.HealthCheck = &v1alpha1.HealthCheck{Port: 80}
	if snapshot, _ := translate.Build(in); len(snapshot.Checks) != 0 {
		t.Errorf("the checks are %+v", snapshot.Checks)
	}
}
