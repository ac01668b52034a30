namespace GmailCluster.Data.Captions;

/// <summary>What <c>captions/&lt;key&gt;/manifest.json</c> says of the table beside it; written last.</summary>
/// <param name="Count">Captions in the table.</param>
/// <param name="LengthBytes">Length of the table's file.</param>
/// <param name="Sha256">Its SHA-256.</param>
/// <param name="RecordCount">Records of the source.</param>
/// <param name="LeftOut">What was left out on purpose, by reason.</param>
/// <param name="Problems">Records that could not be used.</param>
public sealed record CaptionManifest(
    int Count, long LengthBytes, string Sha256, int RecordCount, IReadOnlyDictionary<string, int> LeftOut, IReadOnlyList<ImportProblem> Problems);
