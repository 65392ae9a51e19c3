/**
 * gRPC over HTTP/2 at the addresses of samehost: a bridge that turns connections of HTTP/2 into
 * links of samehost's wire. Users put it on the class path, and name nothing of it.
 */
package dev.samehost.http2;
