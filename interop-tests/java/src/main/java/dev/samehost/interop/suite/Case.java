package dev.samehost.interop.suite;

import java.util.List;

/**
 * A case of the suites.
 *
 * @param name what it is called, on the command line too
 * @param shows what it shows, for people
 * @param needs what must be so that it shows anything; null for nothing
 * @param steps what is done, one after the other
 */
public record Case(String name, String shows, List<String> needs, List<Step> steps) {}
