using GmailCluster.Errors;

namespace GmailCluster.Learning.Use;

/// <summary>What became of one picture: a result, or the reason why there is none.</summary>
/// <param name="Name">The picture's path; for one within a tar, the tar's path and its key.</param>
/// <param name="Result">What was made of it; default where there is a problem.</param>
/// <param name="Problem">Why it could not be read; null where it could.</param>
public sealed record Seen<T>(string Name, T? Result, InputException? Problem);
