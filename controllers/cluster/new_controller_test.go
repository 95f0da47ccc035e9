// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func TestOnlyTheStartOfControllersIsLoggedAtAHigherVerbosity(t *testing.T) {
	t.Parallel()
	var lines []string
	logger := funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{})
	construct := logConstructor(logger, "task")
	construct(nil).Info("Starting EventSource")
	construct(nil).Error(errors.New("the cache has ended"), "Could not wait for Cache to sync")
	construct(&reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "blue", Name: "web-1"}}).Info("others overwrite this status")
	want := []string{
		`"msg"="Could not wait for Cache to sync" "error"="the cache has ended" "controller"="task"`,
		`"level"=0 "msg"="others overwrite this status" "controller"="task" "namespace"="blue" "name"="web-1"`,
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("logged (-want +got):\n%s", diff)
	}
}
