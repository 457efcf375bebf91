namespace Microsoft.ML.Vlm.Text;

/// <summary>What two adjacent tokens become, and how early: the lowest rank goes first.</summary>
internal readonly record struct BpeMerge(int Rank, int Id);
