/**
 * Calls of JSON over HTTP/1.1 at the addresses of samehost's servers: a bridge that makes samehost
 * calls out of requests. Users put it on the class path, and name nothing of it.
 */
package dev.samehost.json;
