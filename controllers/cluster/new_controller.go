// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// NewController begins to set up a controller of this name. What controller-runtime logs of its start and end, several
// lines for each controller, is at verbosity 1: it tells operators nothing that readiness does not tell.
func NewController(mgr ctrl.Manager, name string) *ctrl.Builder {
	return NewControllerWith(mgr, name, controller.Options{})
}

// NewControllerWith is NewController for a controller with options. The Builder's WithOptions would forget how it logs.
func NewControllerWith(mgr ctrl.Manager, name string, options controller.Options) *ctrl.Builder {
	options.LogConstructor = logConstructor(mgr.GetLogger(), name)
	return ctrl.NewControllerManagedBy(mgr).Named(name).WithOptions(options)
}

// logConstructor returns what makes the loggers of a controller: of each request, and of the controller itself for nil.
func logConstructor(from logr.Logger, name string) func(*reconcile.Request) logr.Logger {
	from = from.WithValues("controller", name)
	return func(request *reconcile.Request) logr.Logger {
		if request == nil {
			return from.V(1)
		}
		return from.WithValues("namespace", request.Namespace, "name", request.Name)
	}
}
