/**
 * What the bridges to other protocols share: Netty's channels over links, the link within this
 * process, and messages that are handed on. For bridges, not for users: it may change at any time.
 */
package dev.samehost.bridge;
