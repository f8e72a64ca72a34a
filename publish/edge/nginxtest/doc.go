// Package nginxtest has the tests of the edge of templates/edge/nginx, in the
// nginx of Debian. They run on Unix.
package nginxtest
